/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One agent of a cluster acts and writes, the one that holds the Lease slurm-kube-agent-CLUSTER;
 * the others stand by, and ask about nothing but the Lease.
 *
 * A leader renews after a fifth of the lease's time and stops when two thirds have passed since it
 * asked for the last renewal that was granted; others take the Lease when they have not seen it
 * change for its whole time. In between, what is under way ends (fence.h). */
#ifndef AGENT_LEADER_H
#define AGENT_LEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "sync-agent/kube/client.h"
#include "sync-agent/lease.h"

struct leader_config {
	bool elect; /* false: it is the only agent, always leader */
	const char *cluster;
	const char *namespace; /* NULL: the pod's own, else kube-system */
	const char *state_folder;
	int64_t seconds; /* the lease's time, 3 to 3600 */
};

struct leader {
	bool leads;	/* as of the last leader_step() */
	bool began;	/* it has been leader once */
	bool overtaken; /* another one has been leader since: what is known is of no more use */

	/* Its own. */
	struct kube *kube;
	bool elect;
	char namespace[64], name[96];
	char identity[160]; /* HOST_RANDOM */
	int lock;	    /* on the file with our identity, -1 if another process has it */
	int64_t duration;
	struct lease lease;
	int64_t transitions; /* the lease's, when it was ours last */
	bool busy, renewing;
	int64_t sent_at, next; /* fence_clock() */
	bool releasing, released;
	char said[600]; /* trouble or another leader: what was logged last */
};

/* config's strings are copied. Returns 0, or -1 with err filled. */
int leader_init(struct leader *l, struct kube *kube, const struct leader_config *config,
		struct error *err);

/* Ask for what is due, look at the clock, set the fence. To be called in each round of the loop,
 * and again after each wait, before anything is sent. Returns the monotonic time to be called again
 * at. */
int64_t leader_step(struct leader *l);

/* Give the lease up, so that another one need not wait. released is set when that is done or when
 * there is nothing to be done. Nothing may be under way any more. */
void leader_release(struct leader *l);

void leader_free(struct leader *l);

#endif
