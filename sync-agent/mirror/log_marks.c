/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/log_marks.h"

#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/mirror/companion.h"
#include "sync-agent/mirror/object.h"
#include "sync-agent/mirror/when.h"

#define RUNS_MAX 2
#define TEXT_MAX 4096
#define BAD_REQUEST 400

/* The annotation may be anybody's: an array, empty if it is none. The caller puts it. */
static struct json_object *runs_of(struct json_object *job)
{
	const char *text = json_member_string(json_get(job, "metadata.annotations"), LOG_MARKS);
	struct json_object *o =
		text && strlen(text) <= TEXT_MAX ? json_parse(text, strlen(text), NULL) : NULL;

	if (json_object_is_type(o, json_type_array))
		return o;
	json_object_put(o);
	return json_object_new_array();
}

/* The run that was measured when the job had that many restarts; borrowed, NULL: none was. */
static struct json_object *run_of(struct json_object *runs, int64_t restarts)
{
	for (size_t i = 0; i < json_length(runs); i++) {
		struct json_object *run = json_object_array_get_idx(runs, i);

		if (restarts > 0 && json_get_int(run, "restarts", 0) == restarts)
			return run;
	}
	return NULL;
}

static int64_t restarts_of(struct json_object *job)
{
	return json_get_int(job, "status.restarts", 0);
}

/* An array's tasks are requeued one by one, and have files of their own. */
static bool is_array(struct json_object *job)
{
	return json_get(job, "status.array") != NULL;
}

/* -- measuring ------------------------------------------------------------------------------ */

struct json_object *log_marks_wanted(struct json_object *job)
{
	_cleanup_json_ struct json_object *runs = runs_of(job);
	const char *out = json_get_string(job, "status.stdout"),
		   *error = json_get_string(job, "status.stderr");
	int64_t uid = json_get_int(job, "status.uid", -1);
	struct json_object *o;

	if (!companion_job_waits(job) || is_array(job) || !restarts_of(job) || !out || uid < 0 ||
	    run_of(runs, restarts_of(job)))
		return NULL;
	o = json_object_new_object();
	json_set_int(o, "uid", uid);
	json_set_int(o, "restarts", restarts_of(job));
	json_set_string(o, "stdout", out);
	if (error && strcmp(error, out) != 0)
		json_set_string(o, "stderr", error);
	json_object_object_add(o, "runs", json_object_get(runs));
	return o;
}

char *log_marks_add(struct json_object *wanted, struct json_object *measured)
{
	static const char *const parts[] = { "restarts", "at", "stdout", "stderr" };
	_cleanup_json_ struct json_object *runs = json_object_new_array();
	struct json_object *before = json_get(wanted, "runs"), *run;
	size_t n = json_length(before);

	if (!wanted ||
	    json_get_int(wanted, "restarts", 0) != json_get_int(measured, "restarts", -1))
		return NULL;
	for (size_t i = n >= RUNS_MAX ? n - (RUNS_MAX - 1) : 0; i < n; i++)
		json_object_array_add(runs, json_object_get(json_object_array_get_idx(before, i)));
	run = json_object_new_object();
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (json_get(measured, parts[i]))
			json_object_object_add(run, parts[i],
					       json_object_get(json_get(measured, parts[i])));
	json_object_array_add(runs, run);
	return strdup(json_object_to_json_string_ext(runs, JSON_C_TO_STRING_PLAIN));
}

/* -- asking --------------------------------------------------------------------------------- */

/* The file's mark at the end of the run that was measured at that number of restarts; of a job with
 * one file for both there is one. Borrowed. */
static struct json_object *mark_of(struct json_object *runs, int64_t restarts, bool is_stderr)
{
	struct json_object *run = run_of(runs, restarts);

	return (is_stderr ? json_get(run, "stderr") : NULL) ?: json_get(run, "stdout");
}

static bool has_begun(struct json_object *job)
{
	return object_has_run(json_get(job, "status")) && !companion_job_waits(job);
}

/* It was measured while the job waited, not when it ran already. */
static bool is_timely(struct json_object *job, struct json_object *run, bool strictly)
{
	const char *start = json_get_string(job, "status.startTime");

	return !has_begun(job) ||
	       json_get_int(run, "at", INT32_MAX) + strictly <= when_parse_stamp(start) / 1000000;
}

static int find_previous(struct json_object *job, struct json_object *runs, bool is_stderr,
			 struct log_part *ret, struct error *err)
{
	int64_t restarts = restarts_of(job);

	if (is_array(job))
		return error_set(
			err, BAD_REQUEST,
			"of an array's tasks that were requeued it isn't known where a run "
			"ends; without --previous all of the file is shown");
	if (!restarts)
		return error_set(err, BAD_REQUEST,
				 "there is no run before: the job was not requeued");
	ret->to = json_object_get(mark_of(runs, restarts, is_stderr));
	ret->from = json_object_get(mark_of(runs, restarts - 1, is_stderr));
	if (ret->to && !json_get(ret->to, "bytes"))
		return error_set(err, BAD_REQUEST, "the run before has left no output");
	if (ret->to && is_timely(job, run_of(runs, restarts), false))
		return 0;
	return error_set(err, BAD_REQUEST,
			 "where the run before ends isn't known: the agent didn't see the job wait "
			 "after its requeue; without --previous all of the file is shown");
}

int log_marks_part(struct json_object *job, bool is_stderr, bool previous, struct log_part *ret,
		   struct error *err)
{
	_cleanup_json_ struct json_object *runs = runs_of(job);
	const char *mode = json_get_string(job, "spec.openMode");

	*ret = (struct log_part){ .sure = mode && !strcmp(mode, "Append") };
	if (previous)
		return find_previous(job, runs, is_stderr, ret, err);
	if (!is_array(job) && has_begun(job) &&
	    is_timely(job, run_of(runs, restarts_of(job)), true))
		ret->from = json_object_get(mark_of(runs, restarts_of(job), is_stderr));
	return 0;
}

void log_part_free(struct log_part *p)
{
	json_object_put(p->from);
	json_object_put(p->to);
	*p = (struct log_part){ 0 };
}
