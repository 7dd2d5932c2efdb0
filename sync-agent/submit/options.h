/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SlurmJob's spec as a call of sbatch: its options and the job's environment. Pure.
 * Source: sbatch(1); sbatch's options win over the script's #SBATCH lines. */
#ifndef AGENT_SUBMIT_OPTIONS_H
#define AGENT_SUBMIT_OPTIONS_H

#include <json-c/json.h>

#include "common/error.h"
#include "sync-agent/submit/references.h"

/* {"options": [...], "environment": ["NAME=VALUE", ...], "script": "..."}: a new object, or NULL with
 * err filled: "spec.FIELD: what is wrong"; its code is ENOENT when only a reference is missing. name
 * is the object's: the job's name where spec has none. dependency: spec's with names replaced by job
 * ids, NULL if there is none. */
struct json_object *submit_options(const char *name, struct json_object *spec,
				   const char *dependency,
				   const struct submit_references *references, struct error *err);

#endif
