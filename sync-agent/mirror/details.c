/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/details.h"

#include <string.h>
#include <sys/wait.h>

#include "common/json.h"
#include "sync-agent/mirror/image.h"
#include "sync-agent/mirror/object.h"
#include "sync-agent/mirror/step_files.h"
#include "sync-agent/mirror/text.h"

#define YOUNG 5 /* seconds */
#define MICROSECONDS 1000000
#define CONDITION "resultsCollected" /* where details have it */

static const struct {
	const char *name;
	enum json_type type;
	bool of_results;
} kinds[] = {
	{ "steps", json_type_array, false },	  { "usage", json_type_object, false },
	{ "results", json_type_array, true },	  { "resultsHash", json_type_string, true },
	{ CONDITION, json_type_object, true },
};

/* Of a status as the API server has it, NULL if it isn't there. Borrowed. */
static struct json_object *kind_in(struct json_object *status, const char *kind)
{
	if (strcmp(kind, CONDITION))
		return json_get(status, kind);
	return json_find(json_get(status, "conditions"), "type", OBJECT_RESULTS_CONDITION);
}

struct json_object *details_of(struct json_object *status)
{
	struct json_object *details = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct json_object *value = kind_in(status, kinds[i].name);

		if (!json_object_is_type(value, kinds[i].type))
			continue;
		if (!details)
			details = json_object_new_object();
		json_object_object_add(details, kinds[i].name, json_object_get(value));
	}
	return details;
}

/* An empty list is none. */
static struct json_object *value_of(struct json_object *details, const char *kind)
{
	struct json_object *value = json_get(details, kind);

	return json_object_is_type(value, json_type_array) && !json_length(value) ? NULL : value;
}

void details_add(struct json_object *status, struct json_object *details)
{
	struct json_object *conditions = json_get(status, "conditions");

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct json_object *value = value_of(details, kinds[i].name);

		if (!value)
			continue;
		if (strcmp(kinds[i].name, CONDITION))
			json_object_object_add(status, kinds[i].name, json_object_get(value));
		else if (json_object_is_type(conditions, json_type_array))
			json_object_array_add(conditions, json_object_get(value));
	}
}

void details_take_results(struct json_object *ours, struct json_object *theirs)
{
	for (size_t i = 0; ours && i < ARRAY_SIZE(kinds); i++) {
		struct json_object *value = json_get(theirs, kinds[i].name);

		if (!kinds[i].of_results)
			continue;
		json_object_object_del(ours, kinds[i].name);
		if (value)
			json_object_object_add(ours, kinds[i].name, json_object_get(value));
	}
}

bool details_same(struct json_object *a, struct json_object *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!json_object_equal(value_of(a, kinds[i].name), value_of(b, kinds[i].name)))
			return false;
	return true;
}

/* -- one step ------------------------------------------------------------------------------- */

static bool set(struct json_object *o, const char *key, struct json_object *value)
{
	struct json_object *before = json_member(o, key);

	if (before && json_object_equal(before, value)) {
		json_object_put(value);
		return false;
	}
	json_object_object_add(o, key, value);
	return true;
}

static bool set_text(struct json_object *o, const char *key, const char *text, size_t max)
{
	return text && text[0] && set(o, key, text_json(text, max));
}

static bool set_number(struct json_object *o, const char *key, uint64_t number)
{
	return number && set(o, key, json_object_new_int64((int64_t)number));
}

static bool set_time(struct json_object *o, const char *key, time_t when)
{
	char text[TIME_SIZE];

	if (!when)
		return false;
	text_time(when, text);
	return set(o, key, json_object_new_string(text));
}

static time_t time_of(struct json_object *o, const char *key)
{
	const char *text = json_get_string(o, key);

	return text ? text_time_parse(text) : 0;
}

static bool set_container(struct json_object *o, const struct step *step)
{
	char asked[IMAGE_MAX], digest[IMAGE_DIGEST_MAX] = "";
	bool changed = false;

	if (step->container) {
		image_split(step->container, asked, digest);
		changed |= set_text(o, "container", asked, IMAGE_MAX);
	}
	changed |= set_text(o, "digest", step->digest && step->digest[0] ? step->digest : digest,
			    IMAGE_DIGEST_MAX);
	return changed;
}

static bool set_exit(struct json_object *o, uint32_t exit_status)
{
	int status = (int)exit_status;
	bool changed;

	if (exit_status == STEP_NO_STATUS)
		return false;
	changed = set(o, "exitCode", json_object_new_int(WEXITSTATUS(status)));
	if (WIFSIGNALED(status))
		changed |= set(o, "signal", json_object_new_int(WTERMSIG(status)));
	return changed;
}

/* A source that is late may still call a step running that has ended. */
static bool set_state(struct json_object *o, const struct step *step)
{
	if (!step->end && time_of(o, "endTime"))
		return false;
	return set_text(o, "state", step->state, TEXT_MAX);
}

static bool fill(struct json_object *o, const struct step *step)
{
	bool changed = set_text(o, "name", step->name, TEXT_MAX);

	changed |= set_state(o, step);
	changed |= set_number(o, "tasks", step->tasks);
	changed |= set_number(o, "nodes", step->nodes);
	changed |= set_text(o, "nodeList", step->node_list, 65536);
	changed |= set_time(o, "startTime", step->start);
	changed |= set_time(o, "endTime", step->end);
	changed |= set_exit(o, step->exit_status);
	changed |= set_container(o, step);
	changed |= set_number(o, "startupMicroseconds", step->startup_us);
	changed |= set_text(o, "stdout", step->out, STEP_FILES_PATH);
	changed |= set_text(o, "stderr", step->err, STEP_FILES_PATH);
	return changed;
}

/* -- the list ------------------------------------------------------------------------------- */

static struct json_object *steps_of(struct json_object *details)
{
	struct json_object *list = json_get(details, "steps");

	if (json_object_is_type(list, json_type_array))
		return list;
	list = json_object_new_array();
	json_object_object_add(details, "steps", list);
	return list;
}

/* Make room for one more: the oldest that has ended goes, else the oldest. */
static void shorten(struct json_object *list)
{
	while (json_length(list) >= DETAILS_STEPS) {
		size_t victim = 0;

		for (size_t i = 0; i < json_length(list); i++) {
			if (json_get(json_object_array_get_idx(list, i), "endTime")) {
				victim = i;
				break;
			}
		}
		json_object_array_del_idx(list, victim, 1);
	}
}

/* Is it older than all that are kept of a list that is full? Then it is not among the latest. */
static bool too_old(struct json_object *list, const struct step *step)
{
	if (json_length(list) < DETAILS_STEPS || !step->end)
		return false;
	for (size_t i = 0; i < json_length(list); i++)
		if (time_of(json_object_array_get_idx(list, i), "startTime") <= step->start)
			return false;
	return true;
}

bool details_note_step(struct json_object *details, const struct step *step)
{
	struct json_object *list = steps_of(details), *o = NULL;
	char id[STEP_ID_SIZE];
	size_t i;

	step_id(step, id);
	i = json_find_index(list, "id", id);
	if (i < json_length(list)) {
		time_t ended;

		o = json_object_array_get_idx(list, i);
		ended = time_of(o, "endTime");
		if (step->start && ended && step->start > ended) {
			json_object_array_del_idx(list, i, 1);
			o = NULL;
		}
	}
	if (o)
		return fill(o, step);
	if (too_old(list, step))
		return false;
	shorten(list);
	o = json_object_new_object();
	json_set_string(o, "id", id);
	fill(o, step);
	json_object_array_add(list, o);
	return true;
}

/* How it ended is not known: slurmdbd will tell. */
static bool end_step(struct json_object *o, time_t when)
{
	if (!json_object_is_type(o, json_type_object) || json_get(o, "endTime"))
		return false;
	set_time(o, "endTime", when);
	json_object_object_add(o, "state", json_object_new_string("UNKNOWN"));
	return true;
}

static bool is_running(const struct step_list *running, const char *id)
{
	for (size_t i = 0; i < running->n; i++) {
		char its[STEP_ID_SIZE];

		step_id(&running->list[i], its);
		if (!strcmp(its, id))
			return true;
	}
	return false;
}

bool details_note_running(struct json_object *details, const struct step_list *running,
			  time_t when)
{
	struct json_object *list = steps_of(details);
	bool changed = false;

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		const char *id = json_get_string(o, "id");

		if (id && time_of(o, "startTime") + YOUNG < when && !is_running(running, id))
			changed |= end_step(o, when);
	}
	for (size_t i = 0; i < running->n; i++)
		changed |= details_note_step(details, &running->list[i]);
	return changed;
}

bool details_note_ended(struct json_object *details, time_t when)
{
	struct json_object *list = json_get(details, "steps");
	bool changed = false;

	for (size_t i = 0; i < json_length(list); i++)
		changed |= end_step(json_object_array_get_idx(list, i), when);
	return changed;
}

/* -- usage ---------------------------------------------------------------------------------- */

bool details_note_usage(struct json_object *details, const struct usage *u)
{
	struct json_object *o = json_object_new_object();

	json_set_int(o, "elapsedSeconds", (int64_t)u->elapsed);
	json_set_int(o, "cpuSeconds", (int64_t)u->cpu_seconds);
	json_set_int(o, "userSeconds", (int64_t)(u->user_us / MICROSECONDS));
	json_set_int(o, "systemSeconds", (int64_t)(u->system_us / MICROSECONDS));
	set_number(o, "maxMemoryBytes", u->max_memory);
	set_number(o, "energyJoules", u->energy);
	set_text(o, "tres", u->tres, TEXT_MAX);
	return set(details, "usage", o);
}

bool details_have_usage(struct json_object *details)
{
	return json_get(details, "usage") != NULL;
}
