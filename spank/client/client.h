/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plugin in srun, sbatch and salloc, from their options to what travels to the nodes. */
#ifndef SPANK_CLIENT_CLIENT_H
#define SPANK_CLIENT_CLIENT_H

#include <slurm/spank.h>

#include "spank/config.h"

/* What is asked for is known by now: decide, pin, and put it into the environment. Returns 0, or
 * -1: then the user has been told why, and nothing is to be submitted. */
int client_finish(spank_t sp, const struct spank_config *config);

#endif
