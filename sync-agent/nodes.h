/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual nodes: a Node and its Lease for each partition, or one for the cluster, as nodes.create
 * says; with none those that are there go, and nothing else here makes a request. Level-triggered: what is to be there comes of the
 * latest look at partitions, what is there of a watch, and what differs is patched. doc/nodes.md
 * has the why. */
#ifndef AGENT_NODES_H
#define AGENT_NODES_H

#include <stdbool.h>
#include <stdint.h>

#include "sync-agent/kube/watch.h"

struct agent;
struct node;

struct nodes {
	struct node *table; /* by partition */
	struct watch watch;
	char *query; /* the watch's */
	bool listed; /* what is there is known */
	bool known;  /* what is to be there is, too */
	bool dirty;  /* what is to be there may have changed */
	bool clearing; /* none are to be there, and some are: nodes_clear.c */
	bool asked, asking; /* whether they are */
	int64_t ask_at;
	bool silent; /* slurmctld hasn't answered for a while */
	char architecture[65];
};

bool nodes_wanted(const struct agent *a);
/* ... or there are some that have to go. */
bool nodes_active(const struct agent *a);

/* The virtual node for a job of that partition ("a,b" for several: the first that has one); NULL:
 * none. Only one that is there and is to stay. */
const char *nodes_for(const struct agent *a, const char *partition);

/* The partition of a virtual node of ours; "" for a whole cluster's; NULL: it is none of ours. */
const char *nodes_partition(const struct agent *a, const char *name);

/* Is that the name of a virtual node of ours that is there? */
bool nodes_have(const struct agent *a, const char *name);

/* Watch and write what is due. Returns the monotonic time to be called again. */
int64_t nodes_run(struct agent *a);
bool nodes_settled(const struct agent *a);
void nodes_free(struct agent *a);

#endif
