/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A step in slurmstepd, from what its environment asks for to its end on this node.
 *
 * Nothing here fails a callback for a user's mistake before task_init: what went wrong is
 * remembered, and the task that wanted a container fails there. */
#ifndef SPANK_STEP_H
#define SPANK_STEP_H

#include <slurm/spank.h>

#include "common/error.h"
#include "spank/config.h"

/* As root, before the user's rights: what is asked for, whether it may be, and the user's folder.
 * config_error: what is wrong with the configuration, code 0 if nothing. */
void step_begin(spank_t sp, const struct spank_config *config, const struct error *config_error);

/* The user's rights are on; no task is there yet. */
void step_ready(spank_t sp);

/* A task was forked, and waits. */
void step_note_task(spank_t sp);

/* In the task, as the user. Returns 0, or -1: then the user has been told why, and the task must
 * not go on. */
int step_enter(spank_t sp, const struct spank_config *config);

/* A task has ended; the last one waits for the keeper. */
void step_leave(spank_t sp);

/* The step is over. */
void step_end(spank_t sp, const struct spank_config *config);

#endif
