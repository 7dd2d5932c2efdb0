/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SlurmJob object from a view of a job: names, labels, spec, status. Pure. */
#ifndef AGENT_MIRROR_OBJECT_H
#define AGENT_MIRROR_OBJECT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "sync-agent/mirror/view.h"

#define OBJECT_GROUP "slurm-kube.io"
#define OBJECT_VERSION "v1alpha1"
#define OBJECT_API_VERSION OBJECT_GROUP "/" OBJECT_VERSION
#define OBJECT_FINALIZER OBJECT_GROUP "/job"
#define OBJECT_RESULTS_CONDITION "ResultsCollected" /* results/ writes it, not object_status() */
#define OBJECT_RESULTS_INVALID "Invalid" /* its reason: what is asked for is wrong */
#define OBJECT_MANAGER "slurm-kube-agent" /* of fields, in metadata.managedFields */

/* Is what Kubernetes asked for in effect? What a refused edit leaves behind. */
struct synced {
	bool refused;      /* else all is in sync */
	char reason[64];   /* a machine's word */
	char message[1024]; /* for people, Slurm's own text in it */
	time_t since;
};

/* "<cluster>-<id>", 64 + 12 bytes at most; the caller frees it. NULL without memory. */
char *object_name(const char *cluster, uint32_t id);

/* The id in a name that object_name() made for this cluster, 0 if it is another name. */
uint32_t object_name_id(const char *cluster, const char *name);

/* New JSON objects; the caller puts them. */
struct json_object *object_labels(const struct view *v);
struct json_object *object_spec(const struct view *v);
struct json_object *object_status(const struct view *v, const struct synced *synced,
				  int64_t observed_generation);

/* A hash of what is worth a write, over a status that object_status() made or that the API server
 * returned: the order of keys, lastSyncTime, transition times and all that drifts by itself while
 * a job waits (priority, estimates, Resources or Priority as the reason) don't count, nor do steps,
 * usage and what is told of results. */
uint64_t object_status_hash(struct json_object *status);

/* Does a status say that the job runs or has run, since it was last requeued? To Slurm one that was cancelled while it waited
 * began when it ended, on no node. */
bool object_has_run(struct json_object *status);

#endif
