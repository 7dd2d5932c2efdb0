/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slurm's text about a node's generic resources, counted. Pure. */
#ifndef AGENT_SLURM_GRES_H
#define AGENT_SLURM_GRES_H

#include <stdbool.h>

#include "sync-agent/slurm/tally.h"

/* Add what text says to t, by "name" or "name:type": to the totals, or with used to what is in use.
 * Form: "gpu:a100:2(S:0-1),shard:8,lustre:no_consume:4G"; what is in parentheses does not count, an
 * element without a number is one. Source: slurm.conf(5), Gres; scontrol show node -d, GresUsed. */
void gres_count(struct tally *t, const char *text, bool used);

#endif
