/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is measured of an entry on its way: how long changes and edits take, how long jobs wait and
 * run. */
#ifndef AGENT_METRICS_NOTE_H
#define AGENT_METRICS_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "sync-agent/metrics/metrics.h"
#include "sync-agent/mirror/view.h"

/* An entry's own notes. */
struct notes {
	int64_t changed_at; /* monotonic: the call that first showed what is not yet written; 0:
			       none */
	int64_t edited_at;  /* monotonic: when an edit without an answer was seen; 0: none */
	uint64_t start;	    /* of the job, as noted last; 0: none */
	bool ended : 1;	    /* its end was noted */
	bool told : 1;	    /* its status was written since it was last in sync */
};

static inline void note_change(struct notes *n, int64_t asked_us)
{
	if (!n->changed_at)
		n->changed_at = asked_us;
}

static inline void note_edit(struct notes *n, int64_t now)
{
	if (!n->edited_at)
		n->edited_at = now;
}

/* Slurm, or the agent itself, has said yes or no to an edit. */
void note_answer(struct metrics *m, struct notes *n);

/* Object and job agree. */
void note_in_sync(struct metrics *m, struct notes *n, const struct view *v);

#endif
