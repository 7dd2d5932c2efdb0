/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Amounts as sbatch takes them. Source: sbatch(1), --mem and --nodes. */
#ifndef AGENT_MIRROR_AMOUNTS_H
#define AGENT_MIRROR_AMOUNTS_H

#include <stdint.h>

/* Read "4000", "4G", "512mb" as megabytes, which is the unit where none is given; kilobytes round up.
 * Returns 0, or -1 if it is no amount of memory. */
int memory_parse(const char *text, uint64_t *ret);

/* Read "2", "2-4" or "1k-2k" as a range of nodes; *max is *min where there is one number.
 * Returns 0, or -1 if it is none, or one that Slurm has no room for. */
int node_count_parse(const char *text, uint32_t *min, uint32_t *max);

#endif
