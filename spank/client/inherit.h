/* SPDX-License-Identifier: GPL-2.0-or-later */
/* srun, sbatch and salloc: make SLURM_CONTAINER and SLURM_KUBE_OPTIONS say what was asked for.
 *
 * Slurm's clients set SLURM_CONTAINER from --container only if it isn't set yet. So a step started
 * with --container=B inside a job with --container=A would carry A, and a job submitted from inside
 * a containerised job would carry that one's. We take the variable away before the client reads its
 * options, and look at what it has become afterwards. decide.h says what comes out.
 *
 * Components of one srun (`srun A : B`) or of a heterogeneous job share one environment, so they
 * can have one container only, with one set of options. A later component may repeat the first
 * one's or say nothing; others are refused. What --container a later component of sbatch or salloc
 * has can't be seen here: its batch script runs in the first one's. */
#ifndef SPANK_CLIENT_INHERIT_H
#define SPANK_CLIENT_INHERIT_H

#include <stddef.h>

#include "common/error.h"
#include "spank/client/decide.h"

/* Changes the image that was decided on, such as to its pinned form; NULL for none of that. */
typedef int inherit_pin(char **image, void *arg, struct error *err);

/* Before the client reads its options. */
void inherit_before_options(void);

/* After it has read one component's. asked: from our own options.
 * Returns 0, or -1 with err filled if this component can't have its container. */
int inherit_after_options(enum client_tool tool, const struct client_wish *asked, inherit_pin *pin,
			  void *arg, struct error *err);

/* Does a later component of this command line (strings that each end in a NUL, len bytes) name
 * another container than chosen? If so returns that name (inside cmdline), else NULL. */
const char *inherit_other_container(const char *cmdline, size_t len, const char *chosen);

#endif
