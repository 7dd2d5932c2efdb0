/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an entry keeps of its object, as the API server tells it. */
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/edit.h"
#include "sync-agent/entry.h"
#include "sync-agent/mirror/details.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/pack.h"
#include "sync-agent/results/note.h"

#define SPEC_MAX 65536 /* a mirrored object's spec is far smaller */
#define TEXTS_MAX (8 << 20)

static void take_finalizers(struct entry *e, struct json_object *list)
{
	_cleanup_json_ struct json_object *others = json_object_new_array();

	e->finalizer = false;
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		if (!json_object_is_type(o, json_type_string))
			continue;
		if (!strcmp(json_object_get_string(o), OBJECT_FINALIZER))
			e->finalizer = true;
		else
			json_object_array_add(others, json_object_get(o));
	}
	entry_set(&e->finalizers,
		  json_object_array_length(others) ?
			  json_object_to_json_string_ext(others, JSON_C_TO_STRING_PLAIN) :
			  NULL);
}

/* Somebody else's large values in an object of ours: only that they are there counts. */
static void shorten_spec(struct entry *e, struct json_object *spec)
{
	static const char *const large[] = { "script", "scriptFrom", "environment" };

	for (size_t i = 0; i < ARRAY_SIZE(large) && !e->born_here; i++) {
		if (strlen(json_object_to_json_string_ext(spec, JSON_C_TO_STRING_PLAIN)) <= SPEC_MAX)
			return;
		if (json_get(spec, large[i]))
			json_set_string(spec, large[i], "(large)");
	}
}

/* Both texts, each with its NUL: one is much like the other, and packed together they are little
 * larger than one. */
static void pack_texts(struct entry *e, const char *spec, struct json_object *current)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(TEXTS_MAX);
	const char *text;

	e->has_current = json_object_is_type(current, json_type_object);
	text = e->has_current ? json_object_to_json_string_ext(current, JSON_C_TO_STRING_PLAIN) : "";
	buffer_add(&b, spec, strlen(spec) + 1);
	buffer_add(&b, text, strlen(text) + 1);
	free(e->texts);
	e->texts = NULL;
	/* One without a status is about to get one. */
	if (b.used > 2 && !b.overflowed)
		e->texts = e->has_current ? pack(b.data, b.used) : pack_loosely(b.data, b.used);
}

static void take_texts(struct entry *e, struct json_object *spec, struct json_object *current)
{
	bool has_spec = json_object_is_type(spec, json_type_object);

	if (has_spec)
		shorten_spec(e, spec);
	pack_texts(e, has_spec ? json_object_to_json_string_ext(spec, JSON_C_TO_STRING_PLAIN) : "", current);
}

static struct json_object *text_of(const struct entry *e, bool second)
{
	_cleanup_free_ char *both = NULL;
	const char *text;
	size_t len;

	if (!e->texts || !(both = unpack(e->texts, &len)))
		return NULL;
	text = second ? both + strlen(both) + 1 : both;
	return text[0] ? json_parse(text, strlen(text), NULL) : NULL;
}

struct json_object *entry_spec(const struct entry *e)
{
	return text_of(e, false);
}

struct json_object *entry_current(const struct entry *e)
{
	return text_of(e, true);
}

void entry_set_spec(struct entry *e, struct json_object *spec)
{
	_cleanup_json_ struct json_object *current = entry_current(e);

	take_texts(e, spec, current);
}

static void take_synced(struct entry *e, struct json_object *status)
{
	struct json_object *c = json_find(json_get(status, "conditions"), "type", "Synced");
	const char *value = json_get_string(c, "status");
	const char *reason = json_get_string(c, "reason"), *message = json_get_string(c, "message");

	if (e->synced || (e->edit && e->edit->in_sync) || !value || strcmp(value, "False"))
		return;
	entry_set_refused(e, reason ? reason : "Refused", message ? message : "");
}

void entry_rest_details(struct entry *e)
{
	if (!e->ended || e->details_dirty || !e->usage_done || !e->details)
		return;
	entry_set(&e->details, NULL);
	e->details_away = true;
}

/* What the object says, unless the agent knows more. */
static void take_details(struct entry *e, struct json_object *status)
{
	_cleanup_json_ struct json_object *theirs = details_of(status), *ours = NULL;

	if (e->details_dirty) {
		ours = json_of_text(e->details);
		details_take_results(ours, theirs);
		entry_set(&e->details, json_object_to_json_string_ext(ours, JSON_C_TO_STRING_PLAIN));
		e->details_dirty = !details_same(ours, theirs);
		return;
	}
	entry_set(&e->details, theirs ? json_object_to_json_string_ext(theirs,
								      JSON_C_TO_STRING_PLAIN) :
					NULL);
	e->details_away = false;
	e->usage_done |= details_have_usage(theirs);
}

static int64_t take_time(struct json_object *status, const char *name)
{
	const char *text = json_get_string(status, name);

	return text ? text_time_parse(text) : 0;
}

static void take_status(struct entry *e, struct json_object *status)
{
	struct json_object *conditions = json_get(status, "conditions");
	const char *state = json_get_string(status, "state");

	e->status_hash = status ? object_status_hash(status) : 0;
	entry_set(&e->completed, json_get_string(status, "array.completedIndexes"));
	entry_set(&e->failed, json_get_string(status, "array.failedIndexes"));
	if (json_get_string(status, "cancelledBy"))
		entry_set(&e->cancelled_by, json_get_string(status, "cancelledBy"));
	e->counted = census_move(e->counted, state, json_get_string(status, "partition"));
	e->started = take_time(status, "startTime");
	e->submit = take_time(status, "submitTime");
	e->end = take_time(status, "endTime");
	snprintf(e->state, sizeof(e->state), "%s", state ? state : "");
	e->ended = json_find(conditions, "type", "Complete") || json_find(conditions, "type", "Failed");
	take_synced(e, status);
	take_details(e, status);
	results_note_take_status(e->results, status);
}

void entry_take_object(struct entry *e, struct json_object *object)
{
	const char *uid = json_get_string(object, "metadata.uid");
	const char *policy = json_get_string(object, "spec.deletionPolicy");
	const char *label = json_member_string(json_get(object, "metadata.labels"),
					       OBJECT_GROUP "/state");

	e->exists = true;
	entry_set(&e->version, json_get_string(object, "metadata.resourceVersion"));
	snprintf(e->uid, sizeof(e->uid), "%s", uid ? uid : "");
	e->generation = json_get_int(object, "metadata.generation", 0);
	e->deleting = json_get(object, "metadata.deletionTimestamp") != NULL;
	take_finalizers(e, json_get(object, "metadata.finalizers"));
	e->orphan = policy && !strcmp(policy, "Orphan");
	snprintf(e->label, sizeof(e->label), "%s", label ? label : "");
	e->ttl = json_get_int(object, "spec.ttlSecondsAfterFinished", -1);
	take_texts(e, json_get(object, "spec"), json_get(object, "status.current"));
	results_note_take(&e->results, json_get(object, "spec.results"));
	take_status(e, json_get(object, "status"));
	e->observed = json_get_int(object, "status.observedGeneration", 0);
	edit_take_object(e, object);
}

void entry_take_status(struct entry *e, const char *version, struct json_object *status)
{
	size_t len;
	_cleanup_free_ char *spec = e->texts ? unpack(e->texts, &len) : NULL;

	entry_set(&e->version, version);
	pack_texts(e, spec ? spec : "", json_get(status, "current"));
	take_status(e, status);
	e->observed = json_get_int(status, "observedGeneration", 0);
}

void entry_forget_object(struct entry *e, const char *version)
{
	entry_set(&e->version, version);
	take_texts(e, NULL, NULL);
	entry_set(&e->sent, NULL);
	entry_set(&e->known, NULL);
	edit_forget(e);
	entry_set(&e->finalizers, NULL);
	results_note_take(&e->results, NULL);
	entry_set_in_sync(e);
	e->uid[0] = e->state[0] = e->label[0] = '\0';
	e->counted = census_move(e->counted, NULL, NULL);
	e->generation = e->observed = 0;
	e->status_hash = 0;
	e->submit = e->end = e->started = 0;
	e->details_away = e->expired = e->replaced = false;
	e->exists = e->deleting = e->finalizer = e->orphan = e->ended = e->cancelled = false;
	e->settled = false;
}
