/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status of a SlurmCluster object from what is known of the cluster. Pure. */
#ifndef AGENT_MIRROR_CLUSTER_H
#define AGENT_MIRROR_CLUSTER_H

#include <json-c/json.h>
#include <time.h>

#include "sync-agent/slurm/partition.h"

/* The name of a cluster's own object; the caller frees it. NULL without memory. */
char *cluster_object_name(const char *cluster);

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

#endif
