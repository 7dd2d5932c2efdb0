/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clearing away what containers have left on a node: at the end of a job, and what a crash has
 * left. The work is done by `kube-container sweep`, as the user whose it is, in a process of its
 * own for which nobody waits. */
#ifndef SPANK_SWEEP_H
#define SPANK_SWEEP_H

#include <stdint.h>
#include <sys/types.h>

#include "spank/config.h"

/* Sweep a user's folder. job: what this job has left, which has ended; 0: what belongs to nobody
 * any more. To be called as root. Does nothing where the user has no folder. */
void sweep_user(const struct spank_config *c, uid_t uid, uint32_t job);

/* Sweep the folders of all users. */
void sweep_all(const struct spank_config *c);

#endif
