/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the watch says about objects. */
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"

/* An event may arrive after the answer to a later write of our own. */
static bool is_stale(const struct entry *e, const char *version)
{
	return e->exists && e->version && version &&
	       strtoull(version, NULL, 10) < strtoull(e->version, NULL, 10);
}

static bool is_same(const struct entry *e, const char *version)
{
	return e->exists && e->version && version && !strcmp(version, e->version);
}

/* Another cluster's, whatever its name: that cluster's agent sees to it. What an agent has written to
 * status counts, since anybody may try to edit spec.cluster. */
static bool is_others(const struct agent *a, struct json_object *object)
{
	const char *cluster = json_get_string(object, "status.cluster");

	if (!cluster)
		cluster = json_get_string(object, "spec.cluster");
	return cluster && strcmp(cluster, a->cluster);
}

/* The very object that the entry mirrors. */
static bool is_known(const struct entry *e, struct json_object *object)
{
	const char *uid = json_get_string(object, "metadata.uid");

	return e && e->exists && uid && !strcmp(uid, e->uid);
}

/* An object made with kubectl: told once that nothing will come of it. */
static void take_foreign(struct agent *a, struct json_object *object)
{
	const char *cluster = json_get_string(object, "spec.cluster");

	if ((!cluster || !strcmp(cluster, a->cluster)) && !json_get(object, "status.conditions"))
		write_not_submitted(a, object);
}

static struct entry *entry_of(struct agent *a, struct json_object *object)
{
	const char *name = json_get_string(object, "metadata.name");
	const char *namespace = json_get_string(object, "metadata.namespace");
	uint32_t id = name ? object_name_id(a->cluster, name) : 0;
	struct entry *e;

	if (!id || !namespace) {
		take_foreign(a, object);
		return NULL;
	}
	e = entry_find(&a->entries, id);
	if (is_others(a, object) && !is_known(e, object))
		return NULL;
	if (!e)
		e = entry_add(&a->entries, id, namespace, name);
	/* The job's own namespace is known once Slurm has told of it. */
	if (e && strcmp(e->namespace, namespace) && !e->exists && !e->wanted && !e->in_flight)
		entry_move(&a->entries, e, namespace);
	return e && !strcmp(e->namespace, namespace) ? e : NULL;
}

static struct entry *known_entry(struct agent *a, struct json_object *object)
{
	const char *name = json_get_string(object, "metadata.name");
	const char *namespace = json_get_string(object, "metadata.namespace");
	uint32_t id = name ? object_name_id(a->cluster, name) : 0;
	struct entry *e = id ? entry_find(&a->entries, id) : NULL;

	return e && namespace && !strcmp(e->namespace, namespace) &&
			       (!is_others(a, object) || is_known(e, object)) ?
		       e :
		       NULL;
}

/* Something about the object may need doing: look at the job, then compare. */
static void compare(struct agent *a, struct entry *e)
{
	e->tries = 0;
	if (e->wanted || (e->deleting && e->gone) || edit_is_late(e))
		sync_enqueue(a, e);
	else if (a->listed)
		slurm_thread_ask(a->slurm, ASK_JOB, e->id, true);
}

static void object_there(struct agent *a, struct json_object *object, bool listed)
{
	struct entry *e = entry_of(a, object);
	const char *version = json_get_string(object, "metadata.resourceVersion");
	int64_t generation;

	if (!e)
		return;
	generation = e->generation;
	e->listed = listed || e->listed;
	if (is_same(e, version) || is_stale(e, version))
		return;
	entry_take_object(e, object);
	if (e->generation != generation && e->generation > 1)
		note_edit(&e->notes, clock_us());
	sync_taken(a, e);
	/* Our own status or label under way comes back with the generation it had; an edit doesn't. */
	if (!e->in_flight || e->deleting || e->generation != generation)
		compare(a, e);
}

/* Deleted by somebody who took our finalizer off, or by us. */
static void object_gone(struct agent *a, struct entry *e, const char *version)
{
	entry_forget_object(e, version);
	sync_taken(a, e);
	if (!e->in_flight && !e->acting)
		compare(a, e);
}

static void list_ends(struct agent *a)
{
	struct entry *e, *tmp;

	HASH_ITER(by_name, a->entries.by_name, e, tmp) {
		if (e->exists && !e->listed && !e->in_flight)
			object_gone(a, e, NULL);
	}
	if (!a->listed)
		log_info("Kubernetes: %u SlurmJobs of cluster %s are there", HASH_CNT(by_name, a->entries.by_name),
			 a->cluster);
	a->listed = true;
	a->poll_whole = true;
	a->poll_next = 0;
}

void inbound_kube(void *agent, enum watch_event event, struct json_object *object)
{
	struct agent *a = agent;
	struct entry *e, *tmp;

	switch (event) {
	case WATCH_LIST_BEGINS:
		HASH_ITER(by_name, a->entries.by_name, e, tmp)
			e->listed = false;
		break;
	case WATCH_LISTED:
	case WATCH_CHANGED:
		object_there(a, object, event == WATCH_LISTED);
		break;
	case WATCH_LIST_ENDS:
		list_ends(a);
		break;
	case WATCH_DELETED:
		e = known_entry(a, object);
		if (e)
			object_gone(a, e, json_get_string(object, "metadata.resourceVersion"));
		break;
	}
}
