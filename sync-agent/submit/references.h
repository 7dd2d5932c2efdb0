/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ConfigMaps and Secrets that a SlurmJob's spec refers to, as a pod's does: secretKeyRef, configMapKeyRef;
 * secretRef and configMapRef, of which all keys or those listed come as one text. Pure. */
#ifndef AGENT_SUBMIT_REFERENCES_H
#define AGENT_SUBMIT_REFERENCES_H

#include <json-c/json.h>
#include <stdbool.h>

#include "common/error.h"

/* What spec refers to, read beforehand: the objects as the API server has them, by name; NULL where
 * spec refers to none of that kind. */
struct submit_references {
	struct json_object *config_maps, *secrets;
};

/* The names of the ConfigMaps and Secrets that spec refers to, as {"configmaps": {NAME: true, ...},
 * "secrets": {...}}: a new object. */
struct json_object *submit_references_of(struct json_object *spec);

/* The value of the reference in from (valueFrom, scriptFrom), the caller's: of a whole object {"KEY": "BASE64", ...}.
 * NULL with err filled (field: where from is; ENOENT: it isn't there), or with code 0 where it is optional. */
char *submit_referred(const char *field, struct json_object *from,
		      const struct submit_references *refs, struct error *err);

/* Is it one of a whole object? */
bool submit_reference_is_whole(struct json_object *from);

#endif
