/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SlurmPartition and SlurmCluster objects from plain structs: names, labels, status. Pure. */
#ifndef AGENT_MIRROR_PARTITION_H
#define AGENT_MIRROR_PARTITION_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "sync-agent/slurm/partition.h"

/* "<cluster>-<partition>" as a name of Kubernetes. Two pairs may give the same ("a-b" and "c", "a"
 * and "b-c"): with hashed a hash of both follows, for whoever came second. The caller frees it.
 * NULL without memory. */
char *partition_object_name(const char *cluster, const char *partition, bool hashed);

/* The name of a cluster's own object; the caller frees it. NULL without memory. */
char *cluster_object_name(const char *cluster);

/* New JSON objects; the caller puts them. partition may be NULL: of the cluster's object. */
struct json_object *partition_labels(const char *cluster, const char *partition);
struct json_object *partition_spec(const char *cluster, const char *partition);
struct json_object *partition_status(const struct partition *p);

/* What is known of a cluster. */
struct cluster_facts {
	const struct partition_list *list; /* NULL: never asked yet */
	const struct tally *jobs;	   /* by state */
	const char *agent_version, *agent_host;
	const char *trouble; /* why slurmctld doesn't answer, NULL if it does */
	time_t last_contact; /* when it last answered, 0: not since the agent started */
};

/* before: the status as it was, whose times stay where nothing has changed; may be NULL. */
struct json_object *cluster_status(const struct cluster_facts *facts, struct json_object *before);

/* A hash over what is worth a write, of a status made here or as the API server returns it: the
 * order of keys and the times of contacts and writes don't count. */
uint64_t catalog_status_hash(struct json_object *status);

#endif
