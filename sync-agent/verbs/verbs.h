/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the agent can do to a Slurm job for its owner: one file per verb. All run in a child that
 * has become the owner, and may block there. */
#ifndef AGENT_VERBS_H
#define AGENT_VERBS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

/* fields: what the verb needs (update's spec fields), or NULL. Returns 0, or -1 with err filled:
 * code Slurm's errno, text Slurm's words. */
typedef int verb_act(uint32_t job_id, struct json_object *fields, struct error *err);

verb_act verb_cancel, verb_hold, verb_release, verb_update;

struct verb {
	const char *name;
	verb_act *act;
};

/* The verb of that name, or NULL. */
const struct verb *verb_find(const char *name);

/* Does this error mean that Slurm did not answer, rather than that it said no? */
bool verb_error_is_passing(int code);

/* Fill err from Slurm's errno. Returns -1. */
int verb_refused(struct error *err);

#endif
