/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trackable resources as slurmdbd has them, "1=4,2=4000,1001=2", and as people read them. */
#ifndef AGENT_MIRROR_TRES_H
#define AGENT_MIRROR_TRES_H

#include <stdint.h>

/* Slurm's own ids. Source: slurmdb.h, tres_types_t. */
enum tres_id { TRES_ID_CPU = 1, TRES_ID_MEMORY, TRES_ID_ENERGY, TRES_ID_NODE, TRES_ID_BILLING };

/* The amount of that id in text (NULL is ""), 0 if it has none. */
uint64_t tres_amount(const char *text, uint32_t id);

/* The name of an id, "cpu" or "gres/gpu"; NULL if it is not known. */
typedef const char *tres_namer(uint32_t id);

/* What was allocated: "cpu=4,mem=8G,node=2". What has no name is left out. The caller frees it; NULL
 * if nothing is left, or without memory. */
char *tres_allocated(const char *text, tres_namer *name);

/* What was used, as sacct shows TRESUsageInTot: "cpu=00:00:03,energy=0,mem=6420K". */
char *tres_used(const char *text, tres_namer *name);

/* Add the amounts of text to those in *sum, an allocated text or NULL. Returns 0, or -1 without memory. */
int tres_sum(char **sum, const char *text);

#endif
