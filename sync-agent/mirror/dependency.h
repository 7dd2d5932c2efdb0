/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dependencies on SlurmJobs by their names. Pure.
 * Source: sbatch(1), --dependency. */
#ifndef AGENT_MIRROR_DEPENDENCY_H
#define AGENT_MIRROR_DEPENDENCY_H

#include <stdint.h>

#include "common/error.h"

/* The job of a SlurmJob of that name; 0 if there is none (yet). */
typedef uint32_t dependency_find(void *ctx, const char *name);

/* text, such as "afterok:preprocess:17,singleton", with each name replaced by its job's id. What is
 * no dependency passes through, so that Slurm says what is wrong. Returns it (the caller frees it),
 * or NULL with err filled: ENOENT when a name has no job. */
char *dependency_resolve(const char *text, dependency_find *find, void *ctx, struct error *err);

#endif
