/* SPDX-License-Identifier: GPL-2.0-or-later */
/* srun, sbatch and salloc: make SLURM_CONTAINER name the container that was asked for.
 *
 * Slurm's clients set SLURM_CONTAINER from --container only if it isn't set yet. So a step started
 * with --container=B inside a job with --container=A would carry A, and a job submitted from inside
 * a containerised job would carry that one's. We take the variable away before the client reads its
 * options, and look at what it has become afterwards.
 *
 * What comes out:
 *  - srun with the option (or SRUN_CONTAINER): its value;
 *  - srun without it: what was there, so steps of a containerised job run in the job's container;
 *  - sbatch and salloc: the option's value or nothing, never what was there;
 *  - components of one srun (`srun A : B`) share one environment, so they can have one container
 *    only; others are refused. A heterogeneous job's batch script runs in the first component's. */
#ifndef SPANK_INHERIT_H
#define SPANK_INHERIT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

/* Before the client reads its options. */
void inherit_before_options(void);

/* After it has read one component's. is_srun: else sbatch or salloc.
 * Returns 0, or -1 with err filled if this component can't have its container. */
int inherit_after_options(bool is_srun, struct error *err);

/* Does a later component of this command line (strings that each end in a NUL, len bytes) name
 * another container than chosen? If so returns that name (inside cmdline), else NULL. */
const char *inherit_other_container(const char *cmdline, size_t len, const char *chosen);

#endif
