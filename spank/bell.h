/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The compute node's end of the doorbell. */
#ifndef SPANK_BELL_H
#define SPANK_BELL_H

#include <stddef.h>

#include "common/doorbell.h"
#include "spank/config.h"

/* Ring once, without waiting for the agent and without a word if it isn't there. To a UDP target
 * the object goes sealed, which costs a call to munged: only from slurmstepd and prolog or epilog
 * processes, never under a daemon's lock. */
void bell_ring(const struct spank_config *config, const struct doorbell *bell);

/* Copy the first name of a node list ("n[1-4,7]", "a1,b2", "r[1-2]n[1-9]"); "" for NULL or one that
 * doesn't fit. */
void bell_name_first_node(const char *nodelist, char *name, size_t size);

#endif
