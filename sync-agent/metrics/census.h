/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many objects there are of each state and partition, kept as they change, so that nobody has
 * to count 100,000 of them. Pure. */
#ifndef AGENT_METRICS_CENSUS_H
#define AGENT_METRICS_CENSUS_H

#include <stdint.h>

#include "common/buffer.h"

/* Pairs of state and partition that are told apart; those above are counted as partition "other".
 */
#define CENSUS_MAX 1000

/* What an object is counted as; 0: not counted. */
typedef uint16_t census_cell;

/* Count an object that was counted as from as one of that state and partition (of a list such as
 * "debug,long": of its first) from now on; a NULL or empty state stops counting it. Returns what
 * it is counted as. */
census_cell census_move(census_cell from, const char *state, const char *partition);

/* Write the gauge slurm_kube_jobs. */
void census_text(struct buffer *to);

#endif
