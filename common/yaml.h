/* SPDX-License-Identifier: GPL-2.0-or-later */
/* YAML files as JSON trees, each key knowing its line. */
#ifndef COMMON_YAML_H
#define COMMON_YAML_H

#include <json-c/json.h>

#include "common/error.h"

#define YAML_MAX (4 << 20) /* bytes of a file */

/* Read the first document of a file: mappings, sequences, strings, integers, booleans, null.
 * A key that is there twice is an error.
 * Returns it (the caller puts it), or NULL with err filled, with the line where there is one. */
struct json_object *yaml_load(const char *path, struct error *err);

/* The same of len bytes of text, which a NUL follows; name is for messages. */
struct json_object *yaml_parse(const char *text, size_t len, const char *name, struct error *err);

/* The line of a key in a mapping that yaml_load() made, from 1; 0 if it is not there. */
int yaml_line(struct json_object *o, const char *key);

#endif
