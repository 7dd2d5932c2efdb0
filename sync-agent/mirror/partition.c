/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/partition.h"

#include <inttypes.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/mirror/minutes.h"
#include "sync-agent/mirror/object.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/slurm/job.h"

#define WORDS_MOST 1000 /* of a list such as the allowed accounts */

/* -- names ---------------------------------------------------------------------------------- */

static uint32_t hash_pair(const char *a, const char *b)
{
	uint32_t hash = 2166136261u;

	do
		hash = (hash ^ (unsigned char)*a) * 16777619u;
	while (*a++);
	for (; *b; b++)
		hash = (hash ^ (unsigned char)*b) * 16777619u;
	return hash;
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

char *cluster_object_name(const char *cluster)
{
	char label[LABEL_MAX + 1];

	text_dns_label(cluster, label);
	return strdup(label);
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

static void set_text(struct json_object *o, const char *key, const char *value, size_t max)
{
	if (value[0])
		json_object_object_add(o, key, text_json(value, max));
}

struct json_object *partition_spec(const char *cluster, const char *partition)
{
	struct json_object *spec = json_object_new_object();

	set_text(spec, "cluster", cluster, TEXT_MAX);
	if (partition)
		set_text(spec, "partition", partition, TEXT_MAX);
	return spec;
}

/* -- parts of a status ---------------------------------------------------------------------- */

static void set_number(struct json_object *o, const char *key, uint64_t value)
{
	if (value < JOB_NONE)
		json_set_int(o, key, value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

static void set_flag(struct json_object *o, const char *key, bool value)
{
	if (value)
		json_set_bool(o, key, true);
}

/* "a,b" as a list; nothing if it is empty, which in Slurm means all. */
static void set_words(struct json_object *o, const char *key, const char *text)
{
	_cleanup_free_ char *copy = strdup(text);
	char *rest = copy, *word;
	struct json_object *list;

	if (!copy || !text[0])
		return;
	list = json_object_new_array();
	while ((word = strsep(&rest, ",")) && json_object_array_length(list) < WORDS_MOST)
		if (word[0])
			json_object_array_add(list, text_json(word, TEXT_MAX));
	json_object_object_add(o, key, list);
}

static void add(struct json_object *o, const char *key, struct json_object *part)
{
	if (json_object_object_length(part))
		json_object_object_add(o, key, part);
	else
		json_object_put(part);
}

static struct json_object *by_name(const struct tally *t)
{
	struct json_object *o = json_object_new_object();

	for (size_t i = 0; i < t->n; i++)
		json_set_int(o, t->rows[i].name, (int64_t)t->rows[i].total);
	return o;
}

/* As sinfo shows it: allocated/idle/other/total. */
static struct json_object *counts(uint64_t allocated, uint64_t idle, uint64_t other, uint64_t total)
{
	struct json_object *o = json_object_new_object();
	char summary[100];

	snprintf(summary, sizeof(summary), "%" PRIu64 "/%" PRIu64 "/%" PRIu64 "/%" PRIu64,
		 allocated, idle, other, total);
	json_set_string(o, "summary", summary);
	set_number(o, "allocated", allocated);
	set_number(o, "idle", idle);
	set_number(o, "other", other);
	set_number(o, "total", total);
	return o;
}

static struct json_object *gres(const struct tally *t)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < t->n; i++) {
		struct json_object *row = json_object_new_object();

		json_object_object_add(row, "name", text_json(t->rows[i].name, TALLY_NAME));
		set_number(row, "total", t->rows[i].total);
		set_number(row, "used", t->rows[i].used);
		json_object_array_add(list, row);
	}
	return list;
}

static struct json_object *features(const struct tally *t)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < t->n; i++)
		json_object_array_add(list, text_json(t->rows[i].name, TALLY_NAME));
	return list;
}

static void set_list(struct json_object *o, const char *key, struct json_object *list)
{
	if (json_object_array_length(list))
		json_object_object_add(o, key, list);
	else
		json_object_put(list);
}

static void set_sums(struct json_object *o, const struct node_sums *s)
{
	struct json_object *nodes =
		counts(s->nodes_allocated, s->nodes_idle, s->nodes_other, s->nodes_total);
	struct json_object *memory = json_object_new_object();

	set_number(nodes, "up", s->nodes_up);
	add(nodes, "byState", by_name(&s->states));
	json_object_object_add(o, "nodes", nodes);
	json_object_object_add(
		o, "cpus", counts(s->cpus_allocated, s->cpus_idle, s->cpus_other, s->cpus_total));
	set_number(memory, "allocated", s->memory_allocated);
	set_number(memory, "total", s->memory_total);
	json_object_object_add(o, "memory", memory);
	set_list(o, "gres", gres(&s->gres));
	set_list(o, "features", features(&s->features));
}

static void set_moment(struct json_object *o, const char *key, time_t when)
{
	char text[TIME_SIZE];

	text_time(when, text);
	json_set_string(o, key, text);
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
		set_number(o, limit & PARTITION_PER_CPU ? per_cpu : per_node,
			   limit & ~PARTITION_PER_CPU);
}

static struct json_object *limits(const struct partition *p)
{
	struct json_object *o = json_object_new_object();

	set_minutes(o, "maxTime", p->max_time);
	set_minutes(o, "defaultTime", p->default_time);
	if (p->min_nodes)
		set_number(o, "minNodes", p->min_nodes);
	set_number(o, "maxNodes", p->max_nodes);
	set_number(o, "maxCpusPerNode", p->max_cpus_per_node);
	set_memory(o, "defaultMemoryPerNode", "defaultMemoryPerCpu", p->default_memory);
	set_memory(o, "maxMemoryPerNode", "maxMemoryPerCpu", p->max_memory);
	set_minutes(o, "overTime", p->over_time_limit);
	if (p->grace_time)
		set_number(o, "graceSeconds", p->grace_time);
	return o;
}

static struct json_object *who_may(const struct partition *p)
{
	struct json_object *o = json_object_new_object();

	set_words(o, "accounts", strcasecmp(p->allow_accounts, "ALL") ? p->allow_accounts : "");
	set_words(o, "deniedAccounts", p->deny_accounts);
	set_words(o, "groups", strcasecmp(p->allow_groups, "ALL") ? p->allow_groups : "");
	set_words(o, "qos", strcasecmp(p->allow_qos, "ALL") ? p->allow_qos : "");
	set_words(o, "deniedQos", p->deny_qos);
	set_text(o, "fromNodes", strcasecmp(p->allow_nodes, "ALL") ? p->allow_nodes : "", 65536);
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
	struct json_object *o = json_object_new_object();

	json_set_string(o, "state", p->state);
	json_set_bool(o, "default", p->is_default);
	set_flag(o, "hidden", p->hidden);
	set_sums(o, &p->sums);
	set_text(o, "nodeList", p->node_list, 65536);
	set_text(o, "tres", p->tres, TEXT_MAX);
	json_object_object_add(o, "limits", limits(p));
	add(o, "allowed", who_may(p));
	set_text(o, "qos", p->qos, TEXT_MAX);
	set_text(o, "alternate", p->alternate, TEXT_MAX);
	set_number(o, "priorityTier", p->priority_tier);
	set_number(o, "priorityFactor", p->priority_factor);
	json_set_string(o, "preemptMode", p->preempt_mode);
	set_share(o, p);
	set_flag(o, "exclusiveUser", p->exclusive_user);
	set_flag(o, "leastLoadedNodes", p->least_loaded);
	set_moment(o, "lastSyncTime", time(NULL));
	return o;
}

/* -- clusters ------------------------------------------------------------------------------- */

static struct json_object *jobs(const struct tally *t)
{
	struct json_object *o = json_object_new_object();
	uint64_t total = 0;

	for (size_t i = 0; i < t->n; i++)
		total += t->rows[i].total;
	set_number(o, "total", total);
	set_number(o, "pending", tally_total(t, "PENDING"));
	set_number(o, "running", tally_total(t, "RUNNING"));
	add(o, "byState", by_name(t));
	return o;
}

/* The old condition of that status, so that its time stays. */
static const char *since(struct json_object *before, const char *status)
{
	struct json_object *list = json_get(before, "conditions");

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *c = json_object_array_get_idx(list, i);
		const char *type = json_get_string(c, "type"), *old = json_get_string(c, "status");

		if (type && old && !strcmp(type, "Ready") && !strcmp(old, status))
			return json_get_string(c, "lastTransitionTime");
	}
	return NULL;
}

static struct json_object *ready(const struct cluster_facts *f, struct json_object *before)
{
	struct json_object *c = json_object_new_object(), *list = json_object_new_array();
	const char *status = f->trouble ? "False" : "True", *time_before = since(before, status);
	const char *heard = json_get_string(before, "lastContactTime");
	char message[1024], when[TIME_SIZE];

	if (f->last_contact) {
		text_time(f->last_contact, when);
		heard = when;
	}
	snprintf(message, sizeof(message), "no answer since %s: %s",
		 heard ? heard : "the agent's start", f->trouble ? f->trouble : "");
	json_set_string(c, "type", "Ready");
	json_set_string(c, "status", status);
	if (time_before)
		json_set_string(c, "lastTransitionTime", time_before);
	else
		set_moment(c, "lastTransitionTime", time(NULL));
	json_set_string(c, "reason", f->trouble ? "NoAnswer" : "Answers");
	json_object_object_add(
		c, "message",
		text_json(f->trouble ? message : "slurmctld answers", sizeof(message)));
	json_object_array_add(list, c);
	return list;
}

/* Keep what was said before: who has not heard of it yet knows no better. */
static void keep(struct json_object *o, struct json_object *before, const char *const *keys)
{
	for (; *keys; keys++) {
		struct json_object *old = json_get(before, *keys);

		if (old)
			json_object_object_add(o, *keys, json_object_get(old));
	}
}

struct json_object *cluster_status(const struct cluster_facts *f, struct json_object *before)
{
	static const char *const of_list[] = { "slurmVersion", "controllers", "nodes", "cpus",
					       "memory",       "gres",	      NULL };
	static const char *const of_jobs[] = { "jobs", NULL };
	static const char *const of_contact[] = { "lastContactTime", NULL };
	struct json_object *o = json_object_new_object(), *agent = json_object_new_object();

	json_set_string(agent, "version", f->agent_version);
	set_text(agent, "host", f->agent_host, TEXT_MAX);
	json_object_object_add(o, "agent", agent);
	if (f->list) {
		set_text(o, "slurmVersion", f->list->version, TEXT_MAX);
		set_words(o, "controllers", f->list->controllers);
		set_sums(o, &f->list->all);
		json_object_object_del(o, "features");
	} else {
		keep(o, before, of_list);
	}
	if (f->jobs)
		json_object_object_add(o, "jobs", jobs(f->jobs));
	else
		keep(o, before, of_jobs);
	if (f->last_contact)
		set_moment(o, "lastContactTime", f->last_contact);
	else
		keep(o, before, of_contact);
	json_object_object_add(o, "conditions", ready(f, before));
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
