/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/entry.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/hash.h"
#include "common/json.h"
#include "sync-agent/mirror/fields.h"

void entry_set(char **to, const char *text)
{
	if (text && *to && !strcmp(text, *to))
		return;
	free(*to);
	*to = text ? strdup(text) : NULL;
}

struct entry *entry_find(const struct entries *all, uint32_t id)
{
	struct entry *e;

	HASH_FIND(by_id, all->by_id, &id, sizeof(id), e);
	return e;
}

char *entry_key(const char *namespace, const char *name, size_t *len)
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
	_cleanup_free_ char *key = entry_key(namespace, name, &len);
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
	char *key = entry_key(namespace, name, &len);

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
	key = entry_key(namespace, e->name, &len);
	if (!key)
		return -1;
	HASH_DELETE(by_name, all->by_name, e);
	set_key(all, e, key, len);
	free(old);
	return 0;
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
