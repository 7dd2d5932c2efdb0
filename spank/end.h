/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a step on a node, in slurmstepd: waiting for the keeper, if a step has one. */
#ifndef SPANK_END_H
#define SPANK_END_H

#include <sys/types.h>

#include "spank/rendezvous.h"

/* Wait until the step's keeper has done its work. To be called when the last task has ended, so
 * that Slurm finds nothing of ours left in the step's cgroup. Who kills the step (scancel, a time
 * limit) ends the wait, and the keeper. */
void end_keeper(const struct rendezvous *r);

#endif
