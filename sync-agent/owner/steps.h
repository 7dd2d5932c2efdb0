/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of one request, in the child that does them. A step is
 *	{"verb": "update", "names": ["timeLimit"], "fields": {"timeLimit": 10}}
 * verb: verbs/verbs.h; names: the fields of spec that it is the edit of; fields: what the verb takes. */
#ifndef AGENT_OWNER_STEPS_H
#define AGENT_OWNER_STEPS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "sync-agent/config.h"

/* Those of steps whose actions are in list, or those whose are not: of an update each field is an
 * action of that name, else the verb is. A new reference. */
struct json_object *steps_select(struct json_object *steps, const struct words *list, bool listed);

/* Do all of them, whatever becomes of the others, and note in refusals (name: words) what was refused.
 * Where Slurm refuses several fields at once it is asked for each, so that what it likes is done
 * and who reads of a refusal knows of what. Returns 0, or -1 with err filled: Slurm gave no answer. */
int steps_run(uint32_t job_id, struct json_object *steps, struct json_object *refusals,
	      struct error *err);

#endif
