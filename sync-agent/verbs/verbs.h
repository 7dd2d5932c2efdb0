/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the agent can do to a Slurm job for its owner: one file per verb. All run in a child that
 * has become the owner, and may block there. */
#ifndef AGENT_VERBS_H
#define AGENT_VERBS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/slurm_compat.h"

/* fields: what the verb needs (update's spec fields), or NULL. Returns 0, or -1 with err filled:
 * code Slurm's errno, text Slurm's words. */
typedef int verb_act(uint32_t job_id, struct json_object *fields, struct error *err);

verb_act verb_cancel, verb_hold, verb_release, verb_requeue, verb_resume, verb_suspend, verb_update;

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

/* An array answers for each of its records, a whole job with NULL; frees the answer. A record that
 * the action does not fit (it has ended, it does not run yet) counts only where it fitted none.
 * Returns 0, or -1 with err filled: the first refusal, and which tasks' it is. */
int verb_check_tasks(job_array_resp_msg_t *answer, struct error *err);

#endif
