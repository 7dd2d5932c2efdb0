/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/pod_path.h"
#include "sync-agent/pods/translation.h"

int pod_wrong(struct translation *t, const char *path, const char *format, ...)
{
	char text[384];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return error_set(t->err, EINVAL, "%.120s: %s", path, text);
}

/* Whether it says nothing: what an empty list, object or text in a field stands for. */
static bool is_empty(struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_null:
		return true;
	case json_type_object:
		return !json_object_object_length(value);
	case json_type_array:
		return !json_object_array_length(value);
	case json_type_string:
		return !json_object_get_string_len(value);
	default:
		return false;
	}
}

static const struct pod_row *find(const struct pod_row *rows, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	return NULL;
}

static void below(char dest[POD_PATH_SIZE], const char *path, const char *name)
{
	snprintf(dest, POD_PATH_SIZE, "%.180s.%.60s", path, name);
}

int pod_rows_take(struct translation *t, const struct pod_row *rows, size_t n, const char *path,
		  struct json_object *object)
{
	char field[POD_PATH_SIZE];

	if (!json_object_is_type(object, json_type_object))
		return pod_wrong(t, path, "it is no object");
	for (size_t i = 0; i < n; i++) {
		struct json_object *value = NULL;

		json_object_object_get_ex(object, rows[i].name, &value);
		below(field, path, rows[i].name);
		/* An emptyDir without fields is one, too. */
		if (!value || !rows[i].take ||
		    (is_empty(value) && !json_object_is_type(value, json_type_object)))
			continue;
		if (rows[i].take(t, &rows[i], field, value) < 0)
			return -1;
	}
	json_object_object_foreach (object, name, other) {
		if (find(rows, n, name) || is_empty(other))
			continue;
		below(field, path, name);
		return pod_wrong(t, field,
				 "a field that isn't known here, so it can't be said what would be "
				 "left out without it");
	}
	return 0;
}

int pod_each(struct translation *t, const char *path, struct json_object *list,
	     int (*take)(struct translation *t, const char *path, struct json_object *element))
{
	char field[POD_PATH_SIZE];

	if (!json_object_is_type(list, json_type_array))
		return pod_wrong(t, path, "it is no list");
	if (json_length(list) > POD_LIST_MAX)
		return pod_wrong(t, path, "it has more than %d elements", POD_LIST_MAX);
	for (size_t i = 0; i < json_length(list); i++) {
		snprintf(field, sizeof(field), "%.200s[%zu]", path, i);
		if (take(t, field, json_object_array_get_idx(list, i)) < 0)
			return -1;
	}
	return 0;
}

int pod_refuse(struct translation *t, const struct pod_row *row, const char *path,
	       struct json_object *value)
{
	if (is_empty(value))
		return 0;
	return pod_wrong(t, path, "%s", row->text ? row->text : "a Slurm job can't have it");
}

int pod_refuse_true(struct translation *t, const struct pod_row *row, const char *path,
		    struct json_object *value)
{
	if (json_object_is_type(value, json_type_boolean) && !json_object_get_boolean(value))
		return 0;
	return pod_refuse(t, row, path, value);
}

int pod_refuse_unless(struct translation *t, const struct pod_row *row, const char *path,
		      struct json_object *value)
{
	const char *text = json_object_get_string(value);
	size_t n = strlen(text);

	for (const char *word = row->text; *word;) {
		size_t length = strcspn(word, "|");

		if (length == n && !memcmp(word, text, n))
			return 0;
		word += length;
		word += *word == '|';
	}
	return pod_wrong(t, path, "'%.60s' can't be had by a Slurm job, only %s", text, row->text);
}

int pod_copy(struct translation *t, const struct pod_row *row, const char *path,
	     struct json_object *value)
{
	json_object_object_add(t->container, row->text ? row->text : row->name,
			       json_object_get(value));
	return 0;
}

int pod_check_text(struct translation *t, const char *path, struct json_object *value, size_t max)
{
	if (!json_object_is_type(value, json_type_string))
		return pod_wrong(t, path, "it is no text");
	if (strlen(json_object_get_string(value)) != (size_t)json_object_get_string_len(value))
		return pod_wrong(t, path, "it holds a NUL byte");
	if ((size_t)json_object_get_string_len(value) > max)
		return pod_wrong(t, path, "it is longer than %zu bytes", max);
	return 0;
}

/* -- Secrets and ConfigMaps ------------------------------------------------------------------- */

static const char *title_of(const char *kind)
{
	return !strcmp(kind, "secretRef") ? "Secret" : "ConfigMap";
}

struct json_object *pod_reference_title(const char *kind, const char *name)
{
	char text[300];

	snprintf(text, sizeof(text), "%s '%.253s'", title_of(kind), name);
	return json_object_new_string(text);
}

static struct json_object *find_reference(struct translation *t, const char *kind, const char *name)
{
	struct json_object *r;
	char id[300], variable[64];

	snprintf(id, sizeof(id), "%s/%.253s", kind, name);
	if ((r = json_member(t->references, id)))
		return r;
	r = json_object_new_object();
	snprintf(variable, sizeof(variable), POD_REFERENCE_VARIABLE "%c",
		 (char)('A' + json_object_object_length(t->references) % 26));
	snprintf(variable + strlen(variable), sizeof(variable) - strlen(variable), "%d",
		 json_object_object_length(t->references) / 26);
	json_set_string(r, "variable", variable);
	json_set_string(r, "kind", kind);
	json_set_string(r, "name", name);
	json_set_bool(r, "optional", true);
	json_object_object_add(r, "keys", json_object_new_object());
	json_object_object_add(t->references, id, r);
	return r;
}

const char *pod_reference(struct translation *t, const char *path, const char *kind,
			  const char *name, const char *key, bool required)
{
	struct json_object *r, *keys;

	if (!name || !name[0] || strlen(name) > 253 || (key && (!key[0] || strlen(key) > 253))) {
		pod_wrong(t, path, "it names no %s, or no key of it", title_of(kind));
		return NULL;
	}
	r = find_reference(t, kind, name);
	keys = json_get(r, "keys");
	if (required)
		json_set_bool(r, "optional", false);
	if (!key)
		json_set_bool(r, "whole", true);
	else if (required || !json_member(keys, key))
		json_set_bool(keys, key, required);
	return json_get_string(r, "variable");
}
