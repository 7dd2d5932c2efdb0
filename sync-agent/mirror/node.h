/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual nodes from plain structs: a Node for a partition, or for a whole cluster. Pure.
 * doc/nodes.md has what each label and amount means. Source: Kubernetes API reference, Node v1. */
#ifndef AGENT_MIRROR_NODE_H
#define AGENT_MIRROR_NODE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "sync-agent/slurm/partition.h"

#define NODE_NAME_MAX 63      /* bytes: it is a label's value, too */
#define NODE_RESOURCE_SIZE 96 /* of a resource's name, its NUL included */
#define NODE_TAINT "slurm-kube.io/virtual-node"
/* Whose it is; labels are not exact. */
#define NODE_CLUSTER "slurm-kube.io/cluster"
#define NODE_PARTITION "slurm-kube.io/partition"
/* It was cordoned for that reason by the agent, who will uncordon it. */
#define NODE_CORDONED "slurm-kube.io/cordoned"
/* In status.declaredFeatures: the kubelet takes WebSockets, so that the API server makes no SPDY of them.
 * Source: Kubernetes enhancement 4006, from 1.36 on. */
#define NODE_WEBSOCKETS "ExtendWebSocketsToKubelet"

struct node_facts {
	const char *cluster, *name;
	const char *partition;	     /* NULL: the whole cluster */
	const struct partition *row; /* of the partition; NULL: the whole cluster, or it is gone */
	const struct node_sums *sums;
	const struct tally *licenses; /* NULL: none */
	/* What pods of ours that run ask for: kube-scheduler takes it off allocatable, as Slurm has
	 * done already. By resource; cpu in thousandths. */
	const struct tally *running;
	uint64_t max_jobs; /* that the cluster takes at a time */
	const char *slurm_version, *agent_version;
	const char *architecture; /* as Go calls it: "amd64" */
	const char *address;	  /* NULL: none */
	unsigned port;		  /* of the kubelet's API; 0: none */
	bool gone;		  /* the partition is no more: only its pods keep the node */
	time_t silent_since;	  /* slurmctld doesn't answer since; 0: it does */
};

/* "slurm-CLUSTER[-PARTITION]"; with hashed a hash follows, for whoever came second. The caller
 * frees it; NULL without memory. */
char *node_name(const char *cluster, const char *partition, bool hashed);

/* The resource that a GRES ("gpu:a100", "gpu", "shard") is to Kubernetes: "nvidia.com/gpu",
 * "slurm-kube.io/shard". */
void node_gres_resource(const char *gres, char buf[NODE_RESOURCE_SIZE]);
void node_license_resource(const char *license, char buf[NODE_RESOURCE_SIZE]);

/* The Node that is to be there, status and all. The caller puts it. */
struct json_object *node_object(const struct node_facts *facts);

/* What has to be patched (merge patch) so that the node is as wanted: in labels, annotations and
 * spec. What others have put there stays. NULL: nothing. */
struct json_object *node_patch(struct json_object *is, struct json_object *wanted);

/* The same of its status. *urgent: not only amounts have changed. */
struct json_object *node_status_patch(struct json_object *is, struct json_object *wanted,
				      bool *urgent);

/* Its Lease, as a kubelet would have it; uid: of the Node. */
struct json_object *node_lease(const char *name, const char *uid, struct timespec now);

#define NODE_LEASE_SECONDS 40

#endif
