/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/entry.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/cleanup.h"
#include "common/hash.h"
#include "common/json.h"
#include "sync-agent/edit.h"
#include "sync-agent/mirror/details.h"
#include "sync-agent/mirror/fields.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/pack.h"
#include "sync-agent/results/note.h"

#define SPEC_MAX 65536 /* a mirrored object's spec is far smaller */
#define TEXTS_MAX (8 << 20)

void entry_set(char **to, const char *text)
{
	if (text && *to && !strcmp(text, *to))
		return;
	free(*to);
	*to = text ? strdup(text) : NULL;
}

/* -- the tables ----------------------------------------------------------------------------- */

struct entry *entry_find(const struct entries *all, uint32_t id)
{
	struct entry *e;

	HASH_FIND(by_id, all->by_id, &id, sizeof(id), e);
	return e;
}

/* Both names in one piece, the NUL between them included. NULL without memory. */
static char *make_key(const char *namespace, const char *name, size_t *len)
{
	size_t first = strlen(namespace) + 1;
	char *key = malloc(first + strlen(name) + 1);

	if (!key)
		return NULL;
	memcpy(key, namespace, first);
	strcpy(key + first, name);
	*len = first + strlen(name);
	return key;
}

struct entry *entry_find_name(const struct entries *all, const char *namespace, const char *name)
{
	size_t len;
	_cleanup_free_ char *key = make_key(namespace, name, &len);
	struct entry *e = NULL;

	if (key)
		HASH_FIND(by_name, all->by_name, key, len, e);
	return e;
}

static void set_key(struct entries *all, struct entry *e, char *key, size_t len)
{
	e->namespace = key;
	e->name = key + strlen(key) + 1;
	HASH_ADD_KEYPTR(by_name, all->by_name, key, len, e);
}

struct entry *entry_add(struct entries *all, uint32_t id, const char *namespace, const char *name)
{
	struct entry *e = calloc(1, sizeof(*e));
	size_t len;
	char *key = make_key(namespace, name, &len);

	if (!e || !key) {
		free(e);
		free(key);
		return NULL;
	}
	set_key(all, e, key, len);
	if (id)
		entry_bind(all, e, id);
	return e;
}

void entry_bind(struct entries *all, struct entry *e, uint32_t id)
{
	e->id = id;
	HASH_ADD(by_id, all->by_id, id, sizeof(e->id), e);
}

void entry_unbind(struct entries *all, struct entry *e)
{
	if (e->id)
		HASH_DELETE(by_id, all->by_id, e);
	e->id = 0;
}

int entry_move(struct entries *all, struct entry *e, const char *namespace)
{
	char *old = e->namespace, *key;
	size_t len;

	if (entry_find_name(all, namespace, e->name))
		return -1;
	key = make_key(namespace, e->name, &len);
	if (!key)
		return -1;
	HASH_DELETE(by_name, all->by_name, e);
	set_key(all, e, key, len);
	free(old);
	return 0;
}

/* -- the object ----------------------------------------------------------------------------- */

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

static struct json_object *condition(struct json_object *status, const char *type)
{
	struct json_object *list = json_get(status, "conditions");

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *c = json_object_array_get_idx(list, i);
		const char *its_type = json_get_string(c, "type");

		if (its_type && !strcmp(its_type, type))
			return c;
	}
	return NULL;
}

static void take_synced(struct entry *e, struct json_object *status)
{
	struct json_object *c = condition(status, "Synced");
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
	e->ended = condition(status, "Complete") || condition(status, "Failed");
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

static void change_known(struct entry *e, struct json_object *values, bool know)
{
	_cleanup_json_ struct json_object *known = json_of_text(e->known);

	if (!known)
		known = json_object_new_object();
	if (!json_object_is_type(values, json_type_object))
		return;
	json_object_object_foreach(values, name, value) {
		json_object_object_del(known, name);
		if (know)
			json_object_object_add(known, name, json_object_get(value));
	}
	entry_set(&e->known, json_object_object_length(known) ?
				     json_object_to_json_string_ext(known, JSON_C_TO_STRING_PLAIN) :
				     NULL);
}

void entry_know(struct entry *e, struct json_object *values)
{
	change_known(e, values, true);
}

void entry_unknow(struct entry *e, struct json_object *values)
{
	change_known(e, values, false);
}

const struct synced *entry_synced(const struct entry *e)
{
	static const struct synced in_sync;

	return e->synced ? e->synced : &in_sync;
}

void entry_set_refused(struct entry *e, const char *reason, const char *message)
{
	if (!e->synced)
		e->synced = calloc(1, sizeof(*e->synced));
	if (!e->synced)
		return;
	e->synced->refused = true;
	e->synced->since = time(NULL);
	snprintf(e->synced->reason, sizeof(e->synced->reason), "%s", reason);
	snprintf(e->synced->message, sizeof(e->synced->message), "%s", message);
}

void entry_set_in_sync(struct entry *e)
{
	free(e->synced);
	e->synced = NULL;
}

static struct json_object *unchangeable(struct json_object *spec)
{
	struct json_object *o = json_object_new_object();

	for (size_t i = 0; i < n_fields; i++) {
		struct json_object *value = fields[i].whole ? json_get(spec, fields[i].name) : NULL;

		if (value)
			json_object_object_add(o, fields[i].name, json_object_get(value));
	}
	return o;
}

void entry_set_submitted(struct entry *e, struct json_object *spec)
{
	_cleanup_json_ struct json_object *o = unchangeable(spec);

	entry_set(&e->submitted, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
}

void entry_submitted_hash(const struct entry *e, char buf[17])
{
	buf[0] = '\0';
	if (e->submitted)
		snprintf(buf, 17, "%016" PRIx64,
			 hash_bytes(HASH_SEED, e->submitted, strlen(e->submitted)));
}

void entry_remove(struct entries *all, struct entry *e)
{
	entry_unbind(all, e);
	HASH_DELETE(by_name, all->by_name, e);
	entry_forget_object(e, NULL);
	job_group_free(e->wanted);
	free(e->namespace);
	free(e->cancelled_by);
	free(e->completed);
	free(e->failed);
	free(e->submitted);
	free(e->details);
	free(e);
}
