/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/nodes.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/mirror/node.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/nodes_card.h"
#include "sync-agent/pods/source.h"

#define SILENCE                                                                                    \
	60 /* seconds that slurmctld may be away without a word: it takes less to restart          \
	    */

bool nodes_wanted(const struct agent *a)
{
	return strcmp(a->config.nodes_create, "none") != 0;
}

bool nodes_active(const struct agent *a)
{
	return nodes_wanted(a) || a->nodes.clearing;
}

static bool is_one(const struct agent *a)
{
	return !strcmp(a->config.nodes_create, "cluster");
}

/* -- the table ------------------------------------------------------------------------------ */

static struct node *find(const struct agent *a, const char *partition)
{
	struct node *n;

	HASH_FIND_STR(a->nodes.table, partition, n);
	return n;
}

static void node_free(struct node *n)
{
	free(n->partition);
	free(n->name);
	free(n->version);
	json_object_put(n->is);
	json_object_put(n->wanted);
	free(n);
}

static struct node *find_or_add(struct agent *a, const char *partition)
{
	struct node *n = find(a, partition);

	if (n)
		return n;
	n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->agent = a;
	n->partition = strdup(partition);
	n->name = node_name(a->cluster, partition[0] ? partition : NULL, false);
	if (!n->partition || !n->name) {
		node_free(n);
		return NULL;
	}
	HASH_ADD_KEYPTR(hh, a->nodes.table, n->partition, strlen(n->partition), n);
	return n;
}

void node_drop(struct agent *a, struct node *n)
{
	sources_want_node(a, n->name, false);
	HASH_DEL(a->nodes.table, n);
	node_free(n);
}

struct node *node_of(struct agent *a, struct json_object *object, bool add)
{
	struct json_object *annotations = json_get(object, "metadata.annotations");
	const char *cluster = json_member_string(annotations, NODE_CLUSTER);
	const char *partition = json_member_string(annotations, NODE_PARTITION) ?: "";

	if (!cluster || strcmp(cluster, a->cluster))
		return NULL;
	return add ? find_or_add(a, partition) : find(a, partition);
}

void node_take(struct node *n, struct json_object *object)
{
	const char *version = json_get_string(object, "metadata.resourceVersion");
	const char *name = json_get_string(object, "metadata.name");

	n->dirty = true;
	if (!object) {
		json_object_put(n->is);
		n->is = NULL;
		return;
	}
	if (!version || !name)
		return;
	/* Late answers of writes, and events that are older than an answer. */
	if (n->version && strtoull(version, NULL, 10) < strtoull(n->version, NULL, 10))
		return;
	if (!n->is && strcmp(n->name, name)) {
		/* Under another name from when ours was taken: that is its name. */
		free(n->name);
		n->name = strdup(name);
	}
	if (strcmp(n->name, name))
		return;
	free(n->version);
	n->version = strdup(version);
	json_object_put(n->is);
	n->is = json_object_get(object);
	json_object_object_del(json_get(object, "metadata"), "managedFields");
	sources_want_node(n->agent, n->name, true);
}

static void on_event(void *ctx, enum watch_event event, struct json_object *object)
{
	struct agent *a = ctx;
	struct node *n;

	switch (event) {
	case WATCH_LIST_BEGINS:
		for (n = a->nodes.table; n; n = n->hh.next)
			n->listed = false;
		break;
	case WATCH_LISTED:
	case WATCH_CHANGED:
		n = node_of(a, object, true);
		if (!n)
			break;
		n->listed = true;
		node_take(n, object);
		break;
	case WATCH_LIST_ENDS:
		for (n = a->nodes.table; n; n = n->hh.next)
			if (n->is && !n->listed && !n->in_flight)
				node_take(n, NULL);
		a->nodes.listed = true;
		break;
	case WATCH_DELETED:
		n = node_of(a, object, false);
		if (n && n->is && !strcmp(n->name, json_get_string(object, "metadata.name") ?: ""))
			node_take(n, NULL);
		break;
	}
}

/* -- for pods ------------------------------------------------------------------------------- */

const char *nodes_for(const struct agent *a, const char *partition)
{
	_cleanup_free_ char *copy = strdup(is_one(a) ? "" : partition);
	char *rest = copy, *word;

	while (copy && (word = strsep(&rest, ","))) {
		struct node *n = find(a, word);

		if (n && (n->is || a->dry_run) && n->wanted && !n->gone)
			return n->name;
	}
	return NULL;
}

const char *nodes_partition(const struct agent *a, const char *name)
{
	for (const struct node *n = a->nodes.table; n; n = n->hh.next)
		if (!strcmp(n->name, name))
			return n->partition;
	return NULL;
}

bool nodes_have(const struct agent *a, const char *name)
{
	for (const struct node *n = a->nodes.table; n; n = n->hh.next)
		if (n->is && n->wanted && !strcmp(n->name, name))
			return true;
	return false;
}

/* -- what is to be there -------------------------------------------------------------------- */

/* What the pods there that run ask for. */
static void count_running(const struct agent *a, const char *name, struct tally *ret)
{
	for (const struct pod *p = a->pods.table; p; p = p->hh.next) {
		if (!p->exists || p->phase != POD_RUNNING || strcmp(p->node, name))
			continue;
		for (size_t i = 0; i < p->requests.n; i++)
			tally_add(ret, p->requests.rows[i].name, strlen(p->requests.rows[i].name),
				  p->requests.rows[i].total, 0);
	}
}

/* "1.2.3.4:10250", "[::1]:10250", "host:10250" -> the port; *host, TEXT_MAX bytes, without
 * brackets. */
static unsigned split_address(const char *text, char *host)
{
	const char *colon = text ? strrchr(text, ':') : NULL;
	bool brackets = text && text[0] == '[';
	int len;

	host[0] = '\0';
	if (!colon)
		return 0;
	len = (int)(colon - text) - (brackets ? 2 : 0);
	snprintf(host, TEXT_MAX, "%.*s", len > 0 ? len : 0, text + brackets);
	return (unsigned)strtoul(colon + 1, NULL, 10);
}

static bool is_any(const char *host)
{
	return !host[0] || !strcmp(host, "0.0.0.0") || !strcmp(host, "::");
}

static void want(struct agent *a, const struct partition *row, const char *partition)
{
	const struct partition_list *list = a->look.list;
	struct node *n = find_or_add(a, partition);
	struct node_sums none = { 0 };
	struct tally running = { 0 };
	char host[TEXT_MAX];
	struct node_facts facts = {
		.cluster = a->cluster,
		.partition = partition[0] ? partition : NULL,
		.row = row,
		.sums = row	       ? &row->sums
			: partition[0] ? &none
				       : &list->all,
		.licenses = &list->licenses,
		.running = &running,
		.max_jobs = list->max_jobs,
		.slurm_version = list->version,
		.agent_version = PACKAGE_VERSION,
		.architecture = a->nodes.architecture,
		.gone = (partition[0] && !row) || !nodes_wanted(a),
		.silent_since = a->nodes.silent ? a->look.contact : 0,
	};

	if (!n)
		return;
	facts.name = n->name;
	facts.port = split_address(a->config.kubelet_listen, host);
	facts.address = a->config.nodes_address ? a->config.nodes_address
			: is_any(host)		? NULL
						: host;
	count_running(a, n->name, &running);
	json_object_put(n->wanted);
	n->wanted = node_object(&facts);
	n->gone = facts.gone || !nodes_wanted(a);
	n->mentioned = n->dirty = true;
	tally_free(&running);
}

/* Pods that are jobs are still on it, and not at their end. */
static bool is_in_use(const struct agent *a, const struct node *n)
{
	for (const struct pod *p = a->pods.table; p; p = p->hh.next)
		if (p->exists && !strcmp(p->node, n->name) && p->kind != &pod_stranger &&
		    p->kind != &pod_companion && p->phase != POD_SUCCEEDED &&
		    p->phase != POD_FAILED)
			return true;
	return false;
}

static bool is_filtered(const struct agent *a, const char *partition)
{
	const struct words *only = &a->config.filter_partitions;

	return only->n && !words_have(only, partition);
}

static void tell(struct agent *a)
{
	struct node *n;

	if (!a->look.list || !a->nodes.listed)
		return;
	for (n = a->nodes.table; n; n = n->hh.next)
		n->mentioned = false;
	if (is_one(a))
		want(a, NULL, "");
	for (size_t i = 0; nodes_wanted(a) && !is_one(a) && i < a->look.list->n; i++)
		if (!is_filtered(a, a->look.list->rows[i].name))
			want(a, &a->look.list->rows[i], a->look.list->rows[i].name);
	for (n = a->nodes.table; n; n = n->hh.next) {
		if (n->mentioned)
			continue;
		if (n->is && (n->partition[0] || a->nodes.clearing) && is_in_use(a, n)) {
			want(a, NULL, n->partition);
			continue;
		}
		json_object_put(n->wanted);
		n->wanted = NULL;
		n->dirty = true;
	}
	if (!a->pods.sources)
		a->pods.settled = true; /* nothing to watch */
	a->nodes.known = true;
	a->nodes.dirty = false;
}

/* slurmctld's silence is told once it has lasted. Returns when that will be. */
static int64_t note_silence(struct agent *a)
{
	time_t now = time(NULL);
	bool silent = a->look.trouble && now - a->look.contact >= SILENCE;

	a->nodes.dirty |= silent != a->nodes.silent;
	a->nodes.silent = silent;
	if (!a->look.trouble || silent)
		return INT64_MAX;
	return clock_us() + (SILENCE - (now - a->look.contact)) * 1000000;
}

/* -- the run -------------------------------------------------------------------------------- */

static void start(struct agent *a)
{
	char label[LABEL_MAX + 1];
	struct utsname host;

	text_label(a->cluster, label);
	if (asprintf(&a->nodes.query, "labelSelector=slurm-kube.io%%2Fcluster%%3D%s", label) < 0)
		a->nodes.query = NULL;
	a->nodes.watch = (struct watch){ .kube = a->kube,
					 .path = NODES_PATH,
					 .query = a->nodes.query,
					 .on_event = on_event,
					 .ctx = a };
	uname(&host);
	snprintf(a->nodes.architecture, sizeof(a->nodes.architecture), "%s",
		 !strcmp(host.machine, "x86_64")    ? "amd64"
		 : !strcmp(host.machine, "aarch64") ? "arm64"
						    : host.machine);
}

int64_t nodes_run(struct agent *a)
{
	int64_t now = clock_us(), next, due;
	struct node *n, *tmp;

	if (!a->nodes.watch.kube)
		start(a);
	nodes_cleared(a);
	if (!nodes_active(a))
		return nodes_look_for_old(a);
	next = watch_step(&a->nodes.watch);
	due = note_silence(a);
	next = due < next ? due : next;
	if (a->nodes.dirty)
		tell(a);
	if (!a->nodes.known || now < a->kube_pause_until)
		return a->nodes.known && a->kube_pause_until < next ? a->kube_pause_until : next;
	HASH_ITER (hh, a->nodes.table, n, tmp) {
		due = node_advance(n, now);
		next = due < next ? due : next;
	}
	return next;
}

bool nodes_settled(const struct agent *a)
{
	if (!nodes_active(a))
		return true;
	for (const struct node *n = a->nodes.table; n; n = n->hh.next)
		if (n->in_flight || (n->dirty && !n->told) || (!n->wanted != !n->is && !a->dry_run))
			return false;
	return a->nodes.known;
}

void nodes_free(struct agent *a)
{
	struct node *n, *tmp;

	watch_free(&a->nodes.watch);
	free(a->nodes.query);
	HASH_ITER (hh, a->nodes.table, n, tmp)
		node_drop(a, n);
}
