/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/owner/steps.h"

#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "sync-agent/verbs/verbs.h"

#define SLURM_CODES 1000 /* Slurm's own error codes are above, the system's below */

/* -- who does what -------------------------------------------------------------------------- */

/* An update with only those fields that are in list, or only those that are not; NULL if none is. */
static struct json_object *select_fields(struct json_object *step, const struct words *list,
					 bool listed)
{
	struct json_object *fields = json_get(step, "fields");
	struct json_object *some = json_object_new_object(), *names = json_object_new_array();
	struct json_object *part = json_object_new_object();

	json_set_string(part, "verb", "update");
	json_object_object_add(part, "fields", some);
	json_object_object_add(part, "names", names);
	if (json_object_is_type(fields, json_type_object)) {
		json_object_object_foreach(fields, name, value) {
			if (words_have(list, name) != listed)
				continue;
			json_object_object_add(some, name, json_object_get(value));
			json_object_array_add(names, json_object_new_string(name));
		}
	}
	if (json_object_object_length(some))
		return part;
	json_object_put(part);
	return NULL;
}

struct json_object *steps_select(struct json_object *steps, const struct words *list, bool listed)
{
	struct json_object *some = json_object_new_array();

	for (size_t i = 0; i < json_length(steps); i++) {
		struct json_object *step = json_object_array_get_idx(steps, i);
		const char *verb = json_get_string(step, "verb");

		if (!verb)
			continue;
		if (!strcmp(verb, "update"))
			step = select_fields(step, list, listed);
		else
			step = words_have(list, verb) == listed ? json_object_get(step) : NULL;
		if (step)
			json_object_array_add(some, step);
	}
	return some;
}

/* -- doing it ------------------------------------------------------------------------------- */

static void note_refusal(struct json_object *refusals, const char *name, const struct error *err)
{
	char words[sizeof(err->text) + 16];

	snprintf(words, sizeof(words), "%s%s", err->code >= SLURM_CODES ? "Slurm says: " : "",
		 err->text);
	json_set_string(refusals, name, words);
}

/* Each field of an update that was refused as a whole. */
static int run_each(uint32_t job_id, const struct verb *verb, struct json_object *fields,
		    struct json_object *refusals, struct error *err)
{
	json_object_object_foreach(fields, name, value) {
		_cleanup_json_ struct json_object *one = json_object_new_object();

		json_object_object_add(one, name, json_object_get(value));
		if (verb->act(job_id, one, err) == 0)
			continue;
		if (verb_error_is_passing(err->code))
			return -1;
		note_refusal(refusals, name, err);
	}
	return 0;
}

static int run_step(uint32_t job_id, struct json_object *step, struct json_object *refusals,
		    struct error *err)
{
	const struct verb *verb = verb_find(json_get_string(step, "verb"));
	struct json_object *fields = json_get(step, "fields"), *names = json_get(step, "names");

	if (!verb)
		error_set(err, EINVAL, "unknown verb");
	else if (verb->act(job_id, fields, err) == 0)
		return 0;
	else if (verb_error_is_passing(err->code))
		return -1;
	if (verb && !strcmp(verb->name, "update") && json_object_object_length(fields) > 1)
		return run_each(job_id, verb, fields, refusals, err);
	for (size_t i = 0; i < json_length(names); i++)
		note_refusal(refusals, json_object_get_string(json_object_array_get_idx(names, i)),
			     err);
	return 0;
}

int steps_run(uint32_t job_id, struct json_object *steps, struct json_object *refusals,
	      struct error *err)
{
	for (size_t i = 0; i < json_length(steps); i++)
		if (run_step(job_id, json_object_array_get_idx(steps, i), refusals, err) < 0)
			return -1;
	return 0;
}
