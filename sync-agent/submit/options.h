/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SlurmJob's spec as a call of sbatch: its options and the job's environment. Pure.
 * Source: sbatch(1); sbatch's options win over the script's #SBATCH lines. */
#ifndef AGENT_SUBMIT_OPTIONS_H
#define AGENT_SUBMIT_OPTIONS_H

#include <json-c/json.h>

#include "common/error.h"

/* What spec refers to, read beforehand: the objects as the API server has them, by name; NULL where
 * spec refers to none of that kind. */
struct submit_references {
	struct json_object *config_maps, *secrets;
};

/* The names of the ConfigMaps and Secrets that spec refers to, as {"configmaps": {NAME: true, ...},
 * "secrets": {...}}: a new object. */
struct json_object *submit_references_of(struct json_object *spec);

/* {"options": [...], "environment": ["NAME=VALUE", ...], "script": "..."}: a new object, or NULL with
 * err filled: "spec.FIELD: what is wrong"; its code is ENOENT when only a reference is missing. name
 * is the object's: the job's name where spec has none. dependency: spec's with names replaced by job
 * ids, NULL if there is none. */
struct json_object *submit_options(const char *name, struct json_object *spec,
				   const char *dependency,
				   const struct submit_references *references, struct error *err);

#endif
