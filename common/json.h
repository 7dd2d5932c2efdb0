/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The few things json-c lacks: bounded parsing with an error text, typed look-ups by path. */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/error.h"

#define JSON_MAX_DEPTH 64

static inline void json_putp(struct json_object **o)
{
	json_object_put(*o);
}
#define _cleanup_json_ _cleanup_(json_putp)

/* Parse one whole JSON value of len bytes, at most JSON_MAX_DEPTH deep.
 * Returns it (the caller puts it), or NULL with err filled (byte offset and what is wrong). A JSON
 * null is refused, since json-c gives NULL for it. */
struct json_object *json_parse(const char *text, size_t len, struct error *err);

/* What was made a text before: a new reference, NULL if text is NULL (or no JSON). */
struct json_object *json_of_text(const char *text);

/* Look up "a.b.c" in nested objects. Returns a borrowed reference, or NULL if any step is missing,
 * null or not an object. A key that holds a dot can't be reached this way. */
struct json_object *json_get(struct json_object *o, const char *path);

/* The value at path if it has that type, else NULL, fallback. The string is borrowed. */
const char *json_get_string(struct json_object *o, const char *path);
int64_t json_get_int(struct json_object *o, const char *path, int64_t fallback);
bool json_get_bool(struct json_object *o, const char *path, bool fallback);

/* The member of that very key, which may hold dots and slashes, as those of labels and annotations do. Borrowed; NULL if
 * it is missing or null, key is NULL, or o is NULL or no object. The second: NULL, too, if it is no string. */
struct json_object *json_member(struct json_object *o, const char *key);
const char *json_member_string(struct json_object *o, const char *key);

/* The number of an array's elements; 0 for whatever is no array. */
size_t json_length(struct json_object *array);

/* The first of an array's objects whose member of that key is that text, which may be NULL. Borrowed; NULL: there is none.
 * The second: its index, the array's length if there is none. */
struct json_object *json_find(struct json_object *array, const char *key, const char *text);
size_t json_find_index(struct json_object *array, const char *key, const char *text);

/* Set o[key]; a NULL string sets nothing. */
void json_set_string(struct json_object *o, const char *key, const char *value);
void json_set_int(struct json_object *o, const char *key, int64_t value);
void json_set_bool(struct json_object *o, const char *key, bool value);

#endif
