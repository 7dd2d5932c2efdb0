/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which devices a step's container gets: those that were asked for, and the GPUs that Slurm gave.
 */
#ifndef SPANK_HOLDER_DEVICES_H
#define SPANK_HOLDER_DEVICES_H

#include "spank/holder/bundle.h"
#include "spank/holder/request.h"

/* Put the devices of --container-device and the step's GPUs (of the job's environment, which is
 * this process's) into b. Returns 0, or -1 with err filled. */
int devices_apply(const struct request *r, struct bundle *b, struct error *err);

/* The numbers of the step's GPUs on this node as Slurm knows them, "0,2"; NULL if it has none. A
 * step has its own list, and the batch script the job's: what an ordinary step sees of the latter
 * was inherited, and says nothing about the step. Source: Slurm, src/plugins/gres/common. */
const char *devices_gpus(const char *step);

/* The names of these GPUs, "vendor/class=0,vendor/class=2", which the caller frees. kind may say
 * what comes before the number: "vendor/class=card". NULL with err filled if a number is none. */
char *devices_gpu_names(const char *kind, const char *gpus, struct error *err);

#endif
