/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The few cluster-scoped objects that the agent keeps: SlurmPartitions, the SlurmCluster.
 *
 * Level-triggered like the jobs' objects: somebody says what is to be there (catalog_want()), a
 * watch says what is there, and what differs is written. Whose an object is, its spec says: one of
 * another cluster is never touched, whatever its name. */
#ifndef AGENT_CATALOG_H
#define AGENT_CATALOG_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "sync-agent/kube/watch.h"

struct card;

struct catalog {
	/* To be set before the first call. */
	struct kube *kube;
	const char *cluster;  /* spec.cluster of what is ours */
	const char *kind;     /* "SlurmPartition" */
	const char *path;     /* of the collection */
	const char *key_path; /* what tells ours apart: "spec.partition" */
	int64_t spacing;      /* microseconds between two writes of one object's status */

	/* The catalog's own. */
	struct watch watch;
	struct card *cards; /* by key */
	bool listed;	    /* what is there is known */
	bool known;	    /* what is to be there is known, too: the rest may go */
	unsigned long writes;
};

/* The object of that key is to be there with that status, which is taken over (with the caller's
 * reference). at_once: without regard to the spacing. */
void catalog_want(struct catalog *c, const char *key, struct json_object *status, bool at_once);

/* Between these two, whatever is not wanted again is to go. */
void catalog_begin(struct catalog *c);
void catalog_end(struct catalog *c);

/* The status as the API server has it, borrowed; NULL if there is no such object. */
struct json_object *catalog_status(const struct catalog *c, const char *key);

/* Watch; and write what is due, if this agent may write. Returns the monotonic time to be called
 * again. */
int64_t catalog_run(struct catalog *c, bool may_write);

/* Is all as it is wished, as far as that is known? */
bool catalog_settled(const struct catalog *c);

void catalog_free(struct catalog *c);

#endif
