/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/json.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static void free_tokener(struct json_tokener **t)
{
	if (*t)
		json_tokener_free(*t);
}

struct json_object *json_parse(const char *text, size_t len, struct error *err)
{
	_cleanup_(free_tokener) struct json_tokener *tokener = json_tokener_new_ex(JSON_MAX_DEPTH);
	struct json_object *o;
	enum json_tokener_error problem;
	size_t end;

	if (!tokener || len > INT_MAX) {
		error_set(err, ENOMEM, "JSON: no memory for %zu bytes", len);
		return NULL;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tokener, text, (int)len);
	problem = json_tokener_get_error(tokener);
	end = json_tokener_get_parse_end(tokener);
	if (problem == json_tokener_continue) {
		/* A bare number has no end of its own: the NUL is one. */
		o = json_tokener_parse_ex(tokener, "", 1);
		if (json_tokener_get_error(tokener) == json_tokener_success)
			problem = json_tokener_success;
	}
	if (problem != json_tokener_success) {
		json_object_put(o);
		error_set(err, EBADMSG, "not valid JSON at byte %zu: %s", end,
			  problem == json_tokener_continue ? "it ends too early" :
							     json_tokener_error_desc(problem));
		return NULL;
	}
	for (size_t i = end; i < len; i++) {
		if (!text[i] || !strchr(" \t\r\n", text[i])) {
			json_object_put(o);
			error_set(err, EBADMSG, "not valid JSON at byte %zu: text after the end", i);
			return NULL;
		}
	}
	if (!o)
		error_set(err, EBADMSG, "JSON null where a value was expected");
	return o;
}

struct json_object *json_of_text(const char *text)
{
	return text ? json_parse(text, strlen(text), NULL) : NULL;
}

struct json_object *json_get(struct json_object *o, const char *path)
{
	char key[128];

	while (o && *path) {
		size_t n = strcspn(path, ".");

		if (n >= sizeof(key) || !json_object_is_type(o, json_type_object))
			return NULL;
		memcpy(key, path, n);
		key[n] = '\0';
		if (!json_object_object_get_ex(o, key, &o))
			return NULL;
		path += n + (path[n] == '.');
	}
	return o;
}

struct json_object *json_member(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	if (key)
		json_object_object_get_ex(o, key, &value);
	return value;
}

static const char *string_of(struct json_object *o)
{
	return json_object_is_type(o, json_type_string) ? json_object_get_string(o) : NULL;
}

const char *json_member_string(struct json_object *o, const char *key)
{
	return string_of(json_member(o, key));
}

const char *json_get_string(struct json_object *o, const char *path)
{
	return string_of(json_get(o, path));
}

int64_t json_get_int(struct json_object *o, const char *path, int64_t fallback)
{
	o = json_get(o, path);
	return json_object_is_type(o, json_type_int) ? json_object_get_int64(o) : fallback;
}

bool json_get_bool(struct json_object *o, const char *path, bool fallback)
{
	o = json_get(o, path);
	return json_object_is_type(o, json_type_boolean) ? json_object_get_boolean(o) : fallback;
}

size_t json_length(struct json_object *array)
{
	return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

size_t json_find_index(struct json_object *array, const char *key, const char *text)
{
	size_t i, n = json_length(array);

	for (i = 0; i < n; i++) {
		const char *its = json_member_string(json_object_array_get_idx(array, i), key);

		if (its && text && !strcmp(its, text))
			break;
	}
	return i;
}

struct json_object *json_find(struct json_object *array, const char *key, const char *text)
{
	size_t i = json_find_index(array, key, text);

	return i < json_length(array) ? json_object_array_get_idx(array, i) : NULL;
}

void json_set_string(struct json_object *o, const char *key, const char *value)
{
	if (value)
		json_object_object_add(o, key, json_object_new_string(value));
}

void json_set_int(struct json_object *o, const char *key, int64_t value)
{
	json_object_object_add(o, key, json_object_new_int64(value));
}

void json_set_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}
