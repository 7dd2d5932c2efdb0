/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/node.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "common/cleanup.h"
#include "common/hash.h"
#include "common/json.h"
#include "sync-agent/lease.h"
#include "sync-agent/mirror/node_amounts.h"
#include "sync-agent/mirror/node_labels.h"
#include "sync-agent/mirror/text.h"

/* -- names ---------------------------------------------------------------------------------- */

char *node_name(const char *cluster, const char *partition, bool hashed)
{
	const int end = 9; /* "-xxxxxxxx" */
	char first[LABEL_MAX + 1], second[LABEL_MAX + 1] = "", *whole = NULL, *name = NULL;
	uint32_t hash;
	int len;

	text_dns_label(cluster, first);
	if (partition)
		text_dns_label(partition, second);
	len = asprintf(&whole, "slurm-%s%s%s", first, partition ? "-" : "", second);
	if (len < 0)
		return NULL;
	if (!hashed && len <= NODE_NAME_MAX)
		return whole;
	if (len > NODE_NAME_MAX - end)
		whole[NODE_NAME_MAX - end] = '\0';
	hash = hash32_text(hash32_text(HASH32_SEED, cluster), partition ? partition : "");
	if (asprintf(&name, "%s-%08" PRIx32, whole, hash) < 0)
		name = NULL;
	free(whole);
	return name;
}

/* -- what is wanted ------------------------------------------------------------------------- */

/* Why no pod is to come here; NULL: they may. */
static const char *closed(const struct node_facts *f)
{
	if (f->gone)
		return "GONE";
	if (f->silent_since)
		return "SlurmctldUnreachable";
	return f->row && strcmp(f->row->state, "UP") ? f->row->state : NULL;
}

static struct json_object *condition(const char *type, const char *status, const char *reason,
				     const char *message)
{
	struct json_object *o = json_object_new_object();
	char now[TIME_SIZE];

	text_time(time(NULL), now);
	json_set_string(o, "type", type);
	json_set_string(o, "status", status);
	json_set_string(o, "reason", reason);
	json_set_string(o, "message", message);
	json_set_string(o, "lastHeartbeatTime", now);
	json_set_string(o, "lastTransitionTime", now);
	return o;
}

/* While jobs run here the node is ready, whatever the partition's state: Kubernetes deletes the
 * pods of a node that isn't, after some minutes, and jobs in a partition that is DOWN run on. */
static struct json_object *ready(const struct node_facts *f)
{
	char message[160];

	if (f->gone)
		return condition("Ready", "True", "PodsLeft",
				 "jobs of pods here are not at their end");
	if (f->sums->nodes_up || f->sums->nodes_allocated) {
		snprintf(message, sizeof(message), "%" PRIu64 " of %" PRIu64 " Slurm nodes are up",
			 f->sums->nodes_up, f->sums->nodes_total);
		return condition("Ready", "True", "NodesUp", message);
	}
	snprintf(message, sizeof(message), "none of %" PRIu64 " Slurm nodes is up, and no job runs",
		 f->sums->nodes_total);
	return condition("Ready", "False", "NoNodeUp", message);
}

static struct json_object *partition_up(const struct node_facts *f)
{
	char message[160], since[TIME_SIZE];

	if (f->gone)
		return condition("PartitionUp", "False", "GONE", "the partition is no more");
	if (f->silent_since) {
		text_time(f->silent_since, since);
		snprintf(message, sizeof(message), "slurmctld has not answered since %s", since);
		return condition("PartitionUp", "Unknown", "SlurmctldUnreachable", message);
	}
	if (!f->row)
		return condition("PartitionUp", "True", "UP", "slurmctld answers");
	snprintf(message, sizeof(message), "the partition's state is %s", f->row->state);
	return condition("PartitionUp", strcmp(f->row->state, "UP") ? "False" : "True",
			 f->row->state, message);
}

static struct json_object *conditions(const struct node_facts *f)
{
	static const char *const none[] = { "MemoryPressure", "DiskPressure", "PIDPressure",
					    "NetworkUnavailable" };
	struct json_object *list = json_object_new_array();

	json_object_array_add(list, ready(f));
	json_object_array_add(list, partition_up(f));
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		json_object_array_add(list,
				      condition(none[i], "False", "SlurmDecides",
						"Slurm starts no job where there is no room"));
	return list;
}

static bool is_ip(const char *text)
{
	struct in6_addr address;

	return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

/* One address only: of several the API server likes a Hostname best, and the node's own name is in
 * no DNS. */
static void set_endpoint(struct json_object *status, const struct node_facts *f)
{
	struct json_object *list = json_object_new_array(), *endpoints, *port, *features;
	struct json_object *address = json_object_new_object();

	if (f->address) {
		json_set_string(address, "type", is_ip(f->address) ? "InternalIP" : "Hostname");
		json_set_string(address, "address", f->address);
		json_object_array_add(list, json_object_get(address));
	}
	json_object_put(address);
	json_object_object_add(status, "addresses", list);
	if (!f->port)
		return;
	endpoints = json_object_new_object();
	port = json_object_new_object();
	json_set_int(port, "Port", f->port);
	json_object_object_add(endpoints, "kubeletEndpoint", port);
	json_object_object_add(status, "daemonEndpoints", endpoints);
	features = json_object_new_array();
	json_object_array_add(features, json_object_new_string(NODE_WEBSOCKETS));
	json_object_object_add(status, "declaredFeatures", features);
}

/* All of these have to be there, be it as empty texts. */
static struct json_object *node_info(const struct node_facts *f)
{
	static const char *const unknown[] = { "machineID", "systemUUID", "bootID", "kernelVersion",
					       "kubeProxyVersion" };
	struct json_object *o = json_object_new_object();
	char text[128];

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		json_set_string(o, unknown[i], "");
	snprintf(text, sizeof(text), "Slurm %s", f->slurm_version);
	json_set_string(o, "osImage", text);
	snprintf(text, sizeof(text), "slurm://%s", f->slurm_version);
	json_set_string(o, "containerRuntimeVersion", text);
	snprintf(text, sizeof(text), "v%s-slurm-kube", f->agent_version);
	json_set_string(o, "kubeletVersion", text);
	json_set_string(o, "operatingSystem", "linux");
	json_set_string(o, "architecture", f->architecture);
	return o;
}

static struct json_object *taints(void)
{
	struct json_object *list = json_object_new_array(), *o = json_object_new_object();

	json_set_string(o, "key", NODE_TAINT);
	json_set_string(o, "value", "true");
	json_set_string(o, "effect", "NoSchedule");
	json_object_array_add(list, o);
	return list;
}

struct json_object *node_object(const struct node_facts *f)
{
	struct json_object *o = json_object_new_object(), *metadata = json_object_new_object();
	struct json_object *annotations = json_object_new_object(),
			   *spec = json_object_new_object();
	struct json_object *status = json_object_new_object();

	json_set_string(o, "apiVersion", "v1");
	json_set_string(o, "kind", "Node");
	json_set_string(metadata, "name", f->name);
	json_object_object_add(metadata, "labels", node_labels(f));
	json_object_object_add(annotations, NODE_CLUSTER, text_json(f->cluster, TEXT_MAX));
	if (f->partition)
		json_object_object_add(annotations, NODE_PARTITION,
				       text_json(f->partition, TEXT_MAX));
	if (closed(f)) {
		json_set_string(annotations, NODE_CORDONED, closed(f));
		json_set_bool(spec, "unschedulable", true);
	}
	json_object_object_add(metadata, "annotations", annotations);
	json_object_object_add(o, "metadata", metadata);
	json_object_object_add(spec, "taints", taints());
	json_object_object_add(o, "spec", spec);
	json_object_object_add(status, "capacity", node_capacity(f));
	json_object_object_add(status, "allocatable", node_allocatable(f));
	json_object_object_add(status, "conditions", conditions(f));
	set_endpoint(status, f);
	json_object_object_add(status, "nodeInfo", node_info(f));
	json_object_object_add(o, "status", status);
	return o;
}

struct json_object *node_lease(const char *name, const char *uid, struct timespec now)
{
	struct json_object *o = json_object_new_object(), *metadata = json_object_new_object();
	struct json_object *spec = json_object_new_object(), *owners = json_object_new_array();
	struct json_object *owner = json_object_new_object();
	char text[LEASE_TIME_SIZE];

	lease_time(now, text);
	json_set_string(o, "apiVersion", "coordination.k8s.io/v1");
	json_set_string(o, "kind", "Lease");
	json_set_string(metadata, "name", name);
	json_set_string(metadata, "namespace", "kube-node-lease");
	json_set_string(owner, "apiVersion", "v1");
	json_set_string(owner, "kind", "Node");
	json_set_string(owner, "name", name);
	json_set_string(owner, "uid", uid);
	json_object_array_add(owners, owner);
	json_object_object_add(metadata, "ownerReferences", owners);
	json_object_object_add(o, "metadata", metadata);
	json_set_string(spec, "holderIdentity", name);
	json_set_int(spec, "leaseDurationSeconds", NODE_LEASE_SECONDS);
	json_set_string(spec, "renewTime", text);
	json_object_object_add(o, "spec", spec);
	return o;
}
