/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/partition.h"

#include <inttypes.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/hash.h"
#include "common/json.h"
#include "sync-agent/mirror/minutes.h"
#include "sync-agent/mirror/object.h"
#include "sync-agent/mirror/sums.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/slurm/job.h"

/* -- names ---------------------------------------------------------------------------------- */

static uint32_t hash_pair(const char *a, const char *b)
{
	return hash32_bytes(hash32_text(HASH32_SEED, a), b, strlen(b));
}

char *partition_object_name(const char *cluster, const char *partition, bool hashed)
{
	char first[LABEL_MAX + 1], second[LABEL_MAX + 1], end[12] = "", *name = NULL;

	text_dns_label(cluster, first);
	text_dns_label(partition, second);
	if (hashed)
		snprintf(end, sizeof(end), "-%08" PRIx32, hash_pair(cluster, partition));
	return asprintf(&name, "%s-%s%s", first, second, end) < 0 ? NULL : name;
}

static void set_label(struct json_object *labels, const char *key, const char *value)
{
	char label[LABEL_MAX + 1];

	text_label(value, label);
	if (label[0])
		json_set_string(labels, key, label);
}

struct json_object *partition_labels(const char *cluster, const char *partition)
{
	struct json_object *labels = json_object_new_object();

	set_label(labels, OBJECT_GROUP "/cluster", cluster);
	if (partition)
		set_label(labels, OBJECT_GROUP "/partition", partition);
	return labels;
}

static void set_flag(struct json_object *o, const char *key, bool value)
{
	if (value)
		json_set_bool(o, key, true);
}

struct json_object *partition_spec(const char *cluster, const char *partition)
{
	struct json_object *spec = json_object_new_object();

	sums_set_text(spec, "cluster", cluster, TEXT_MAX);
	if (partition)
		sums_set_text(spec, "partition", partition, TEXT_MAX);
	return spec;
}

/* -- partitions ----------------------------------------------------------------------------- */

static void set_minutes(struct json_object *o, const char *key, uint64_t minutes)
{
	char text[64];

	if (minutes == JOB_NONE)
		return;
	minutes_format(minutes, text, sizeof(text));
	json_set_string(o, key, text);
}

static void set_memory(struct json_object *o, const char *per_node, const char *per_cpu,
		       uint64_t limit)
{
	if (limit)
		sums_set_number(o, limit & PARTITION_PER_CPU ? per_cpu : per_node,
				limit & ~PARTITION_PER_CPU);
}

static struct json_object *limits(const struct partition *p)
{
	struct json_object *o = json_object_new_object();

	set_minutes(o, "maxTime", p->max_time);
	set_minutes(o, "defaultTime", p->default_time);
	if (p->min_nodes)
		sums_set_number(o, "minNodes", p->min_nodes);
	sums_set_number(o, "maxNodes", p->max_nodes);
	sums_set_number(o, "maxCpusPerNode", p->max_cpus_per_node);
	set_memory(o, "defaultMemoryPerNode", "defaultMemoryPerCpu", p->default_memory);
	set_memory(o, "maxMemoryPerNode", "maxMemoryPerCpu", p->max_memory);
	set_minutes(o, "overTime", p->over_time_limit);
	if (p->grace_time)
		sums_set_number(o, "graceSeconds", p->grace_time);
	return o;
}

static struct json_object *who_may(const struct partition *p)
{
	struct json_object *o = json_object_new_object();

	sums_set_words(o, "accounts",
		       strcasecmp(p->allow_accounts, "ALL") ? p->allow_accounts : "");
	sums_set_words(o, "deniedAccounts", p->deny_accounts);
	sums_set_words(o, "groups", strcasecmp(p->allow_groups, "ALL") ? p->allow_groups : "");
	sums_set_words(o, "qos", strcasecmp(p->allow_qos, "ALL") ? p->allow_qos : "");
	sums_set_words(o, "deniedQos", p->deny_qos);
	sums_set_text(o, "fromNodes", strcasecmp(p->allow_nodes, "ALL") ? p->allow_nodes : "",
		      65536);
	set_flag(o, "rootOnly", p->root_only);
	set_flag(o, "rootDenied", p->no_root);
	set_flag(o, "reservationNeeded", p->needs_reservation);
	return o;
}

/* Source: scontrol show partition, OverSubscribe. */
static void set_share(struct json_object *o, const struct partition *p)
{
	char text[40];

	if (p->share == 0)
		strcpy(text, "EXCLUSIVE");
	else if (p->share == 1 && !p->share_forced)
		strcpy(text, "NO");
	else
		snprintf(text, sizeof(text), "%s:%" PRIu64, p->share_forced ? "FORCE" : "YES",
			 p->share);
	json_set_string(o, "overSubscribe", text);
}

struct json_object *partition_status(const struct partition *p)
{
	struct json_object *o = json_object_new_object(), *allowed;

	json_set_string(o, "state", p->state);
	json_set_bool(o, "default", p->is_default);
	set_flag(o, "hidden", p->hidden);
	sums_set(o, &p->sums);
	sums_set_text(o, "nodeList", p->node_list, 65536);
	sums_set_text(o, "tres", p->tres, TEXT_MAX);
	json_object_object_add(o, "limits", limits(p));
	allowed = who_may(p);
	if (json_object_object_length(allowed))
		json_object_object_add(o, "allowed", allowed);
	else
		json_object_put(allowed);
	sums_set_text(o, "qos", p->qos, TEXT_MAX);
	sums_set_text(o, "alternate", p->alternate, TEXT_MAX);
	sums_set_number(o, "priorityTier", p->priority_tier);
	sums_set_number(o, "priorityFactor", p->priority_factor);
	json_set_string(o, "preemptMode", p->preempt_mode);
	set_share(o, p);
	set_flag(o, "exclusiveUser", p->exclusive_user);
	set_flag(o, "leastLoadedNodes", p->least_loaded);
	sums_set_time(o, "lastSyncTime", time(NULL));
	return o;
}

uint64_t catalog_status_hash(struct json_object *status)
{
	struct json_object *copy = json_object_new_object();
	uint64_t hash;

	/* Shallow: only members of the top are left out here, the rest object_status_hash() leaves
	 * out. */
	if (json_object_is_type(status, json_type_object)) {
		json_object_object_foreach (status, key, value) {
			if (strcmp(key, "lastContactTime"))
				json_object_object_add(copy, key, json_object_get(value));
		}
	}
	hash = object_status_hash(copy);
	json_object_put(copy);
	return hash;
}
