/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/pods/pods.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/fence.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/quantity.h"
#include "sync-agent/pods/source.h"
#include "sync-agent/pods/wishes.h"

#define RETRY_FIRST 200000 /* microseconds */
#define RETRY_LAST 60000000

/* The first that takes a pod has it. */
const struct pod_kind *const pod_kinds[] = { &pod_companion, &pod_job,
						     &pod_stranger };
const size_t n_pod_kinds = ARRAY_SIZE(pod_kinds);

bool pods_wanted(const struct agent *a)
{
	return a->config.pods_scheduler || nodes_active(a);
}

/* -- the table ------------------------------------------------------------------------------ */

struct pod *pods_find(const struct pods *all, const char *namespace, const char *name)
{
	size_t len;
	_cleanup_free_ char *key = entry_key(namespace, name, &len);
	struct pod *p = NULL;

	if (key)
		HASH_FIND(hh, all->table, key, len, p);
	return p;
}

struct pod *pods_add(struct agent *a, const char *namespace, const char *name,
		     const struct pod_kind *kind)
{
	struct pod *p = pods_find(&a->pods, namespace, name);
	size_t len;

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->namespace = entry_key(namespace, name, &len);
	if (!p->namespace) {
		free(p);
		return NULL;
	}
	p->name = p->namespace + strlen(namespace) + 1;
	p->kind = kind;
	p->node = "";
	HASH_ADD_KEYPTR(hh, a->pods.table, p->namespace, len, p);
	return p;
}

static void move_to(struct agent *a, struct pod *p, enum pod_queue queue)
{
	if (p->queue != PODS_NONE)
		DL_DELETE(a->pods.queues[p->queue], p);
	p->queue = queue;
	if (queue != PODS_NONE)
		DL_APPEND(a->pods.queues[queue], p);
}

void pods_enqueue(struct agent *a, struct pod *p)
{
	if (p->queue != PODS_READY)
		move_to(a, p, PODS_READY);
}

void pods_wait(struct agent *a, struct pod *p, int64_t until)
{
	p->not_before = until;
	move_to(a, p, PODS_DELAYED);
}

void pods_retry(struct agent *a, struct pod *p)
{
	int64_t pause = RETRY_FIRST;

	for (unsigned i = 0; i < p->tries && pause < RETRY_LAST; i++)
		pause *= 2;
	p->tries++;
	pods_wait(a, p, clock_us() + pause);
}

static void set_kind(struct pod *p, const struct pod_kind *kind)
{
	if (p->kind == kind)
		return;
	if (p->kind && p->kind->free)
		p->kind->free(p);
	p->own = NULL;
	p->kind = kind;
}

static void set_node(struct pod *p, const char *name)
{
	if (p->node[0])
		free((char *)p->node);
	p->node = name && name[0] ? strdup(name) : NULL;
	if (!p->node)
		p->node = "";
}

static void drop(struct agent *a, struct pod *p)
{
	set_kind(p, NULL);
	move_to(a, p, PODS_NONE);
	HASH_DEL(a->pods.table, p);
	tally_free(&p->requests);
	set_node(p, NULL);
	free(p->version);
	free(p->namespace);
	free(p);
}

static bool may_drop(struct agent *a, struct pod *p)
{
	return !p->exists && !p->in_flight && !(p->kind->keep && p->kind->keep(a, p));
}

/* -- what the server says ------------------------------------------------------------------- */

static const struct pod_kind *kind_of(struct agent *a, struct json_object *pod)
{
	for (size_t i = 0; i < n_pod_kinds; i++)
		if (pod_kinds[i]->is(a, pod))
			return pod_kinds[i];
	return &pod_stranger;
}

static enum pod_phase phase_of(const char *text)
{
	static const char *const names[] = { [POD_PENDING] = "Pending",
					     [POD_RUNNING] = "Running",
					     [POD_SUCCEEDED] = "Succeeded",
					     [POD_FAILED] = "Failed" };

	for (size_t i = 0; text && i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], text))
			return (enum pod_phase)i;
	return text && text[0] ? POD_UNKNOWN : POD_PENDING;
}

static bool is_older(const struct pod *p, const char *version)
{
	return p->version && strtoull(version, NULL, 10) < strtoull(p->version, NULL, 10);
}

static bool is_known(const struct pod *p, const char *version)
{
	return p->exists && p->version && !strcmp(version, p->version);
}

static void set_version(struct pod *p, const char *version)
{
	free(p->version);
	p->version = strdup(version);
}

/* What kube-scheduler takes off a node for this pod. */
static void take_requests(struct pod *p, struct json_object *spec)
{
	struct json_object *containers = json_get(spec, "containers");

	tally_free(&p->requests);
	for (size_t i = 0; i < json_length(containers); i++) {
		struct json_object *c = json_object_array_get_idx(containers, i);
		struct json_object *all = json_get(c, "resources.requests");

		if (!json_object_is_type(all, json_type_object))
			continue;
		json_object_object_foreach (all, name, value) {
			int64_t n, scale = strcmp(name, "cpu") ? 1 : 1000;

			if (quantity_parse(json_object_get_string(value), scale, &n) == 0 && n)
				tally_add(&p->requests, name, strlen(name), (uint64_t)n, 0);
		}
	}
}

static void take_object(struct agent *a, struct pod *p, struct json_object *pod)
{
	const char *uid = json_get_string(pod, "metadata.uid");
	const char *node = json_get_string(pod, "spec.nodeName");
	const char *scheduler = json_get_string(pod, "spec.schedulerName");

	snprintf(p->uid, sizeof(p->uid), "%s", uid ? uid : "");
	set_node(p, node);
	p->phase = phase_of(json_get_string(pod, "status.phase"));
	p->deleting = json_get(pod, "metadata.deletionTimestamp") != NULL;
	p->scheduled_by_us = scheduler && a->config.pods_scheduler &&
			     !strcmp(scheduler, a->config.pods_scheduler);
	p->exists = true;
	take_requests(p, json_get(pod, "spec"));
	set_kind(p, kind_of(a, pod));
	if (p->kind->take)
		p->kind->take(a, p, pod);
}

static struct pod *record_of(struct agent *a, struct json_object *pod, bool add)
{
	const char *namespace = json_get_string(pod, "metadata.namespace");
	const char *name = json_get_string(pod, "metadata.name");

	if (!namespace || !name)
		return NULL;
	return add ? pods_add(a, namespace, name, &pod_stranger)
		   : pods_find(&a->pods, namespace, name);
}

void pods_take(struct agent *a, struct json_object *pod)
{
	const char *version = json_get_string(pod, "metadata.resourceVersion");
	struct pod *p = record_of(a, pod, true);

	if (!p || !version || is_older(p, version) || is_known(p, version))
		return;
	set_version(p, version);
	take_object(a, p, pod);
	a->nodes.dirty |= p->requests.n != 0;
	p->tries = 0;
	pods_enqueue(a, p);
}

void pods_forget(struct agent *a, struct pod *p, const char *version)
{
	bool existed = p->exists;

	if (version && is_older(p, version))
		return;
	if (version)
		set_version(p, version);
	p->exists = p->deleting = false;
	p->uid[0] = '\0';
	set_node(p, NULL);
	p->phase = POD_PENDING;
	tally_free(&p->requests);
	if (existed && p->kind->gone)
		p->kind->gone(a, p);
	pods_enqueue(a, p);
}

void pods_deleted(struct agent *a, struct json_object *pod)
{
	struct pod *p = record_of(a, pod, false);

	if (p && p->exists)
		pods_forget(a, p, json_get_string(pod, "metadata.resourceVersion"));
}

void pods_job(struct agent *a, struct entry *e, struct json_object *job)
{
	if (!pods_wanted(a))
		return;
	for (size_t i = 0; i < n_pod_kinds; i++)
		if (pod_kinds[i]->job)
			pod_kinds[i]->job(a, e, job);
}

/* -- the run -------------------------------------------------------------------------------- */

static int64_t wake_delayed(struct agent *a, int64_t now)
{
	int64_t next = INT64_MAX;
	struct pod *p, *tmp;

	DL_FOREACH_SAFE (a->pods.queues[PODS_DELAYED], p, tmp) {
		if (p->not_before <= now)
			pods_enqueue(a, p);
		else if (p->not_before < next)
			next = p->not_before;
	}
	return next;
}

int64_t pods_run(struct agent *a)
{
	int64_t now = clock_us(), next;
	struct pod *p;

	if (!pods_wanted(a) || fence_passed())
		return INT64_MAX;
	next = wake_delayed(a, now);
	/* What is there has to be known first. */
	if (!a->pods.settled || (nodes_active(a) && !a->nodes.known))
		return next;
	if (now < a->kube_pause_until)
		return a->kube_pause_until < next ? a->kube_pause_until : next;
	while ((p = a->pods.queues[PODS_READY]) && kube_has_room(a->kube)) {
		move_to(a, p, PODS_NONE);
		if (!p->in_flight)
			p->kind->advance(a, p);
		if (p->queue == PODS_NONE && may_drop(a, p))
			drop(a, p);
	}
	return next;
}

bool pods_settled(const struct agent *a)
{
	return !pods_wanted(a) || (a->pods.settled && !a->pods.queues[PODS_READY] &&
				   !a->pods.queues[PODS_DELAYED] && !a->pods.n_in_flight);
}

void pods_free(struct agent *a)
{
	struct pod *p, *tmp;

	sources_free(a);
	wishes_free(a);
	HASH_ITER (hh, a->pods.table, p, tmp)
		drop(a, p);
}
