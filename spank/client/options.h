/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that srun, sbatch and salloc have from us. slurmstepd has to know them, too, since
 * Slurm hands them on; there they do nothing: only SLURM_KUBE_OPTIONS counts. */
#ifndef SPANK_CLIENT_OPTIONS_H
#define SPANK_CLIENT_OPTIONS_H

#include <slurm/spank.h>

#include "spank/client/decide.h"

/* Register all of them; in slurm_spank_init only. client: not slurmstepd. Returns 0, or -1 (said by
 * Slurm). */
int client_options_register(spank_t sp, bool client);

/* What was given since the last call, in the order it came; the caller frees it. */
struct client_wish client_options_take(void);

#endif
