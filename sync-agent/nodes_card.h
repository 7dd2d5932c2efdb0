/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is remembered of one virtual node: nodes.c keeps it, nodes_write.c writes what differs. */
#ifndef AGENT_NODES_CARD_H
#define AGENT_NODES_CARD_H

#include <uthash.h>

#include "sync-agent/agent.h"

struct node {
	UT_hash_handle hh;
	char *partition; /* "": the whole cluster */
	struct agent *agent;
	char *name;
	bool hashed; /* the plain name is somebody else's */

	struct json_object *is;	    /* as the API server has it; NULL: it isn't there */
	char *version;		    /* also of one that is gone */
	struct json_object *wanted; /* NULL: it is to go */
	bool mentioned, listed;
	bool gone;  /* its partition is: it stays while pods that are jobs are on it */
	bool dirty; /* to be compared */

	bool in_flight;
	bool told; /* --dry-run: what it needs */
	unsigned tries;
	int64_t not_before, next_status; /* monotonic */

	bool lease_there, lease_in_flight;
	int64_t lease_next;
};

/* The node of an object that is ours, made if add says so; NULL for others'. */
struct node *node_of(struct agent *a, struct json_object *object, bool add);

#define NODES_PATH "/api/v1/nodes"

/* nodes_clear.c: are there nodes that have to go? Returns the monotonic time to be called again. */
int64_t nodes_look_for_old(struct agent *a);
/* Note it when the last one has gone. */
void nodes_cleared(struct agent *a);

/* NULL: it is no more. */
void node_take(struct node *n, struct json_object *object);

/* Remove and free; nothing of it may be under way. */
void node_drop(struct agent *a, struct node *n);

/* Start what it needs now. Returns the monotonic time to be called again. */
int64_t node_advance(struct node *n, int64_t now);

#endif
