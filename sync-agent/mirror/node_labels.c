/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/node_labels.h"

#include <inttypes.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/mirror/object.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/slurm/job.h"

#define PREFIX OBJECT_GROUP "/"
#define NAME_MAX_BYTES 63 /* of a label's key, behind the prefix */

bool node_label_is_ours(const char *key)
{
	return !strncmp(key, PREFIX, strlen(PREFIX));
}

static void set(struct json_object *labels, const char *key, const char *value)
{
	char full[192], label[LABEL_MAX + 1];

	text_label(value, label);
	snprintf(full, sizeof(full), PREFIX "%s", key);
	json_set_string(labels, full, label);
}

/* "feature.NAME", "gpu.TYPE": NAME made fit for a key, which has the rules of a label's value. */
static void set_named(struct json_object *labels, const char *what, const char *name,
		      const char *value)
{
	char key[160], fit[LABEL_MAX + 1];

	text_label(name, fit);
	if (!fit[0] || strlen(what) + strlen(fit) > NAME_MAX_BYTES)
		return;
	snprintf(key, sizeof(key), "%s%s", what, fit);
	set(labels, key, value);
}

/* What can be compared by Gt and Lt has to be a number. */
static void set_limit(struct json_object *labels, const char *key, uint64_t value)
{
	char text[24];

	if (value == JOB_NONE)
		return;
	snprintf(text, sizeof(text), "%" PRIu64, value);
	set(labels, key, value == JOB_UNLIMITED ? "UNLIMITED" : text);
}

static void set_memory(struct json_object *labels, const char *per_node, const char *per_cpu,
		       uint64_t megabytes)
{
	if (!megabytes)
		return;
	set_limit(labels, megabytes & PARTITION_PER_CPU ? per_cpu : per_node,
		  megabytes & ~PARTITION_PER_CPU);
}

static void set_limits(struct json_object *labels, const struct partition *p)
{
	set_limit(labels, "max-time-minutes", p->max_time);
	set_limit(labels, "default-time-minutes", p->default_time);
	set_limit(labels, "min-nodes", p->min_nodes);
	set_limit(labels, "max-nodes", p->max_nodes);
	set_limit(labels, "max-cpus-per-node", p->max_cpus_per_node);
	set_memory(labels, "max-memory-mb-per-node", "max-memory-mb-per-cpu", p->max_memory);
	set_memory(labels, "default-memory-mb-per-node", "default-memory-mb-per-cpu",
		   p->default_memory);
	if (p->is_default)
		set(labels, "default-partition", "true");
}

struct json_object *node_labels(const struct node_facts *f)
{
	struct json_object *labels = json_object_new_object();
	const struct tally *gres = &f->sums->gres, *features = &f->sums->features;

	/* No kubernetes.io/os: DaemonSets such as kube-proxy tolerate every taint and select by
	 * that. */
	json_set_string(labels, "kubernetes.io/hostname", f->name);
	json_set_string(labels, "type", "virtual-kubelet");
	json_set_string(labels, "node.kubernetes.io/exclude-from-external-load-balancers", "true");
	set(labels, "virtual-node", "true");
	set(labels, "cluster", f->cluster);
	if (f->partition)
		set(labels, "partition", f->partition);
	if (f->row)
		set_limits(labels, f->row);
	for (size_t i = 0; i < features->n; i++)
		set_named(labels, "feature.", features->rows[i].name, "true");
	for (size_t i = 0; i < gres->n; i++)
		if (!strncmp(gres->rows[i].name, "gpu:", 4))
			set_named(labels, "gpu.", gres->rows[i].name + 4, "true");
	return labels;
}
