/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the watch says about objects. */
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/text.h"

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

/* The very object that the entry is of. */
static bool is_known(const struct entry *e, struct json_object *object)
{
	const char *uid = json_get_string(object, "metadata.uid");

	return e && e->exists && uid && !strcmp(uid, e->uid);
}

/* What an agent has written to status counts, since anybody may try to edit spec.cluster; then spec, then
 * the label that an agent gives it before it submits. */
static bool is_ours(const struct agent *a, struct json_object *object)
{
	const char *cluster = json_get_string(object, "status.cluster");
	char ours[LABEL_MAX + 1];

	if (!cluster)
		cluster = json_get_string(object, "spec.cluster");
	if (cluster && cluster[0])
		return !strcmp(cluster, a->cluster);
	cluster = json_member_string(json_get(object, "metadata.labels"),
				     OBJECT_GROUP "/cluster");
	text_label(a->cluster, ours);
	return !cluster || !strcmp(cluster, ours);
}

/* Made with kubectl, whatever its name: the agent's own have no script. */
static bool is_born_here(struct json_object *object)
{
	return json_get(object, "spec.script") || json_get(object, "spec.scriptFrom");
}

static struct entry *mirror_entry(struct agent *a, uint32_t id, const char *namespace,
				  const char *name)
{
	struct entry *e = entry_find(&a->entries, id);

	if (!e)
		return entry_add(&a->entries, id, namespace, name);
	if (e->born_here)
		return NULL; /* that job has an object of its own */
	/* The job's own namespace is known once Slurm has told of it. */
	if (strcmp(e->namespace, namespace) && !e->exists && !e->wanted && !e->in_flight)
		entry_move(&a->entries, e, namespace);
	return !strcmp(e->namespace, namespace) ? e : NULL;
}

static struct entry *entry_of(struct agent *a, struct json_object *object)
{
	const char *name = json_get_string(object, "metadata.name");
	const char *namespace = json_get_string(object, "metadata.namespace");
	struct entry *e = name && namespace ? entry_find_name(&a->entries, namespace, name) : NULL;
	uint32_t id;

	if (!name || !namespace || (!is_ours(a, object) && !is_known(e, object)))
		return NULL;
	if (e)
		return e;
	id = object_name_id(a->cluster, name);
	if (id && !is_born_here(object))
		return mirror_entry(a, id, namespace, name);
	e = entry_add(&a->entries, 0, namespace, name);
	if (e)
		e->born_here = true;
	return e;
}

static struct entry *known_entry(struct agent *a, struct json_object *object)
{
	const char *name = json_get_string(object, "metadata.name");
	const char *namespace = json_get_string(object, "metadata.namespace");

	struct entry *e = name && namespace ? entry_find_name(&a->entries, namespace, name) : NULL;

	return is_ours(a, object) || is_known(e, object) ? e : NULL;
}

/* Of an object that was made with kubectl: its job, or that it has none yet. */
static void take_born_here(struct agent *a, struct entry *e, struct json_object *object)
{
	int64_t id = json_get_int(object, "status.jobId", 0);
	const char *hash = json_get_string(object, "status.submittedHash");
	char as_it_is[17];

	if (!e->id && id > 0 && id < UINT32_MAX) {
		submit_forget(a, e);
		if (!entry_find(&a->entries, (uint32_t)id))
			entry_bind(&a->entries, e, (uint32_t)id);
	} else if (!e->id) {
		submit_take_object(a, e, object);
	}
	if (!e->id || e->submitted)
		return;
	/* Edited while no agent was there: what it was is not known. */
	entry_set_submitted(e, json_get(object, "spec"));
	entry_submitted_hash(e, as_it_is);
	e->strayed = hash && strcmp(hash, as_it_is) != 0;
}

/* Something about the object may need doing: look at the job, then compare. */
static void compare(struct agent *a, struct entry *e)
{
	e->tries = 0;
	if (!e->id || e->wanted || (e->deleting && e->gone) || edit_is_late(e))
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
	if (is_stale(e, version))
		return;
	if (is_same(e, version)) {
		pods_job(a, e, object);
		return;
	}
	entry_take_object(e, object);
	if (e->generation != generation && e->generation > 1)
		note_edit(&e->notes, clock_us());
	if (e->born_here)
		take_born_here(a, e, object);
	sync_taken(a, e);
	pods_job(a, e, object);
	/* Our own status or label under way comes back with the generation it had; an edit doesn't. */
	if (!e->in_flight || e->deleting || e->generation != generation)
		compare(a, e);
}

/* Deleted by somebody who took our finalizer off, or by us. */
static void object_gone(struct agent *a, struct entry *e, const char *version)
{
	entry_forget_object(e, version);
	sync_taken(a, e);
	pods_job(a, e, NULL);
	if (!e->id)
		sync_drop(a, e);
	else if (!e->in_flight && !e->acting)
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
