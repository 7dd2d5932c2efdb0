/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps that run, of all jobs, from slurmctld. */
#ifndef AGENT_SLURM_LOAD_STEPS_H
#define AGENT_SLURM_LOAD_STEPS_H

#include <stdbool.h>
#include <time.h>

#include "common/error.h"
#include "sync-agent/slurm/step.h"

/* Load them if anything has changed since *last_update, which is brought up to date. Returns 1 with
 * *ret filled (the caller frees), 0 if nothing has changed, -1 with err filled. Blocks. */
int steps_load(time_t *last_update, struct step_list *ret, struct error *err);

#endif
