/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pods of SlurmJobs, for kubectl logs. The SlurmJob as the API server has it says what its pod
 * is to be: whatever is read or written of it comes by here.
 *
 * Deleting such a pod cancels nothing. That of a job that waits or runs comes back. Of one that has
 * ended it doesn't: whoever deletes it has done with its logs, or has too many pods, as podgc may;
 * the SlurmJob's annotation is set to "false" then, so that this holds for the next agent, too. */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/kubelet/kubelet.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/companion.h"
#include "sync-agent/mirror/log_marks.h"
#include "sync-agent/pods/companion.h"
#include "sync-agent/pods/wishes.h"

#define NODE_AGAIN 2000000   /* microseconds: its partition has no node yet */
#define LIST_AGAIN 200000    /* the SlurmJobs are not known yet */
#define TAKEN_FIRST 1000000 /* somebody else's pod has its name: pauses, each twice the one before */
#define TAKEN_LAST 60000000
#define MEASURE_AGAIN 70000000 /* a file system that doesn't answer */

struct companion {
	char job_uid[37]; /* the SlurmJob's, as it is now; "": there is none that wants a pod */
	char *wanted;	  /* JSON text of the pod; NULL: not known, or as it is */
	uint64_t wanted_hash;
	char *partition;
	/* Of the pod that is there. */
	char owner_uid[37];
	uint64_t hash;
	char *tasks;
	bool ended;
	bool removing; /* by the agent itself */
	bool let_go;   /* somebody has deleted it, and its job had ended */
	int64_t taken_pause; /* microseconds; 0: its name was free so far */
	int64_t not_before;  /* monotonic: then its name may be free */
	/* For kubectl logs --previous: mirror/log_marks.h. */
	struct json_object *unmeasured; /* NULL: nothing is to be measured */
	int64_t measure_at;		/* monotonic: ask for it then */
	char *marks;			/* to be written; NULL: nothing is */
};

static struct companion *own(struct pod *p)
{
	if (!p->own)
		p->own = calloc(1, sizeof(struct companion));
	return p->own;
}

static void set_text(char **to, const char *text)
{
	free(*to);
	*to = text ? strdup(text) : NULL;
}

/* -- the pod as it is ----------------------------------------------------------------------- */

static bool is_companion(struct agent *a, struct json_object *pod)
{
	return companion_is(pod, a->cluster);
}

static const char *tasks_of(struct json_object *pod)
{
	return json_member_string(json_get(pod, "metadata.annotations"), COMPANION_TASKS);
}

static void take(struct agent *a, struct pod *p, struct json_object *pod)
{
	struct companion *c = own(p);

	if (!c)
		return;
	snprintf(c->owner_uid, sizeof(c->owner_uid), "%s", companion_owner(pod) ?: "");
	c->hash = companion_status_hash(pod);
	c->ended = p->phase == POD_SUCCEEDED || p->phase == POD_FAILED;
	set_text(&c->tasks, tasks_of(pod));
}

static void gone(struct agent *a, struct pod *p)
{
	struct companion *c = p->own;

	if (!c)
		return;
	c->let_go = c->ended && !c->removing && !strcmp(c->owner_uid, c->job_uid);
	c->owner_uid[0] = '\0';
	c->hash = 0;
	c->ended = c->removing = false;
	set_text(&c->tasks, NULL);
}

static bool keep(struct agent *a, struct pod *p)
{
	struct companion *c = p->own;

	return c && c->job_uid[0];
}

static void free_own(struct pod *p)
{
	struct companion *c = p->own;

	if (!c)
		return;
	free(c->wanted);
	free(c->partition);
	free(c->tasks);
	json_object_put(c->unmeasured);
	free(c->marks);
	free(c);
	p->own = NULL;
}

/* -- its SlurmJob --------------------------------------------------------------------------- */

static void set_unmeasured(struct companion *c, struct json_object *o)
{
	json_object_put(c->unmeasured);
	c->unmeasured = o;
}

static void unwant(struct agent *a, struct pod *p)
{
	struct companion *c = p->own;

	if (!c || p->kind != &pod_companion)
		return;
	c->job_uid[0] = '\0';
	c->let_go = false;
	set_text(&c->wanted, NULL);
	set_unmeasured(c, NULL);
	pods_enqueue(a, p);
}

static void want(struct agent *a, struct pod *p, struct json_object *job)
{
	_cleanup_json_ struct json_object *pod = companion_pod(job, a->cluster, "");
	struct companion *c = own(p);

	if (!c)
		return;
	snprintf(c->job_uid, sizeof(c->job_uid), "%s", json_get_string(job, "metadata.uid") ?: "");
	set_text(&c->partition, json_get_string(job, "status.partition") ?: "");
	c->wanted_hash = companion_status_hash(pod);
	set_text(&c->wanted, json_object_to_json_string_ext(pod, JSON_C_TO_STRING_PLAIN));
	set_unmeasured(c, log_marks_wanted(job));
	if (!c->unmeasured)
		c->measure_at = 0;
	pods_enqueue(a, p);
}

static void take_job(struct agent *a, struct entry *e, struct json_object *job)
{
	enum companion_mode mode = companion_mode(a->config.logs_pods);
	struct pod *p;

	if (mode == COMPANION_NONE)
		return;
	p = pods_find(&a->pods, e->namespace, e->name);
	if (!job || !companion_asked(mode, wishes_of(a, e->namespace), job)) {
		if (p)
			unwant(a, p);
		return;
	}
	if (!p)
		p = pods_add(a, e->namespace, e->name, &pod_companion);
	if (p && p->kind == &pod_companion)
		want(a, p, job);
}

/* -- where its runs end ------------------------------------------------------------------------ */

void companion_measured(struct agent *a, struct json_object *measured)
{
	const char *namespace = json_get_string(measured, "namespace"),
		   *name = json_get_string(measured, "pod");
	struct pod *p = namespace && name ? pods_find(&a->pods, namespace, name) : NULL;
	struct companion *c = p && p->kind == &pod_companion ? p->own : NULL;

	if (!c)
		return;
	free(c->marks);
	c->marks = log_marks_add(c->unmeasured, measured);
	pods_enqueue(a, p);
}

/* Returns false if there is nothing to be done now. */
static bool note_marks(struct agent *a, struct pod *p)
{
	struct entry *e = entry_find_name(&a->entries, p->namespace, p->name);
	struct companion *c = p->own;

	if (!c->marks || !e || !e->exists || e->deleting) {
		set_text(&c->marks, NULL);
		return false;
	}
	if (e->in_flight || e->acting) {
		pods_wait(a, p, clock_us() + LIST_AGAIN);
		return true;
	}
	write_annotation(a, e, LOG_MARKS, c->marks);
	set_text(&c->marks, NULL);
	return false;
}

static void measure(struct agent *a, struct pod *p)
{
	struct companion *c = p->own;

	if (c->unmeasured && clock_us() >= c->measure_at &&
	    kubelet_measure(a, p->namespace, p->name, c->unmeasured))
		c->measure_at = clock_us() + MEASURE_AGAIN;
}

/* -- what it needs -------------------------------------------------------------------------- */

/* What there is under its name: a pod that was made for it and whose node is no more, so that no
 * watch tells of it, or somebody else's. */
static void look(struct agent *a, struct pod *p, struct json_object *pod)
{
	struct companion *c = p->own;

	if (companion_is(pod, a->cluster)) {
		pods_take(a, pod);
		return;
	}
	if (!c->taken_pause)
		log_warning("pod %s/%s is there already and not of the SlurmJob of that name, "
			    "whose logs "
			    "can't be shown until it goes",
			    p->namespace, p->name);
	c->taken_pause = c->taken_pause ? c->taken_pause * 2 : TAKEN_FIRST;
	if (c->taken_pause > TAKEN_LAST)
		c->taken_pause = TAKEN_LAST;
	c->not_before = clock_us() + c->taken_pause;
}

static bool is_taken(struct agent *a, struct pod *p, const struct kube_answer *answer)
{
	struct pod_write w = {
		.what = "read it", .method = "GET", .tail = "", .untaken = true, .done = look
	};

	if (answer->status != 409)
		return false;
	pod_write(a, p, &w);
	return true;
}

static void create(struct agent *a, struct pod *p)
{
	struct companion *c = p->own;
	_cleanup_json_ struct json_object *pod = json_of_text(c->wanted);
	struct pod_write w = {
		.what = "make it", .method = "POST", .body = pod, .refused = is_taken
	};
	const char *node = nodes_for(a, c->partition);

	if (clock_us() < c->not_before) {
		pods_wait(a, p, c->not_before);
		return;
	}
	if (!node) {
		pods_wait(a, p, clock_us() + NODE_AGAIN);
		return;
	}
	json_set_string(json_get(pod, "spec"), "nodeName", node);
	json_object_object_del(pod, "status");
	pod_write(a, p, &w);
}

/* What the SlurmJob says is not kept: it has to be read. */
static void ask_job(struct agent *a, struct pod *p)
{
	struct entry *e = entry_find_name(&a->entries, p->namespace, p->name);

	if (!e || !e->exists)
		unwant(a, p);
	else if (e->in_flight || e->acting)
		pods_wait(a, p, clock_us() + LIST_AGAIN);
	else
		write_fetch(a, e);
}

/* A container that has ended can't begin anew: a job that was requeued gets another pod. */
static bool is_outdated(struct agent *a, struct pod *p, struct json_object *wanted)
{
	struct companion *c = p->own;
	const char *phase = json_get_string(wanted, "status.phase"), *tasks = tasks_of(wanted);
	bool to_end = phase && (!strcmp(phase, "Succeeded") || !strcmp(phase, "Failed"));

	return (c->ended && !to_end) || strcmp(c->tasks ?: "", tasks ?: "");
}

static void remove_pod(struct agent *a, struct pod *p)
{
	((struct companion *)p->own)->removing = true;
	pod_write_delete(a, p);
}

/* Until its files are to be measured once more. */
static void rest(struct agent *a, struct pod *p)
{
	struct companion *c = p->own;

	if (c->unmeasured && a->kubelet)
		pods_wait(a, p, c->measure_at);
}

static void compare(struct agent *a, struct pod *p)
{
	struct companion *c = p->own;
	_cleanup_json_ struct json_object *wanted = json_of_text(c->wanted);

	if (!wanted) {
		rest(a, p); /* it is as it is to be */
		return;
	}
	if (is_outdated(a, p, wanted)) {
		remove_pod(a, p);
	} else if (c->hash != c->wanted_hash) {
		pod_write_status(a, p, json_object_get(json_get(wanted, "status")));
	} else {
		set_text(&c->wanted, NULL);
		rest(a, p);
	}
}

/* Its job is over, and nobody wants its pod any more. */
static void note_let_go(struct agent *a, struct pod *p)
{
	struct entry *e = entry_find_name(&a->entries, p->namespace, p->name);

	if (!e || !e->exists || e->deleting || !e->ended)
		((struct companion *)p->own)->let_go = false;
	else if (e->in_flight || e->acting)
		pods_wait(a, p, clock_us() + LIST_AGAIN);
	else
		write_annotation(a, e, COMPANION_ASKED, "false");
}

static void advance(struct agent *a, struct pod *p)
{
	struct companion *c = own(p);

	if (!c)
		return;
	if (!a->listed) {
		pods_wait(a, p, clock_us() + LIST_AGAIN);
		return;
	}
	measure(a, p);
	if (note_marks(a, p))
		return;
	if (p->exists) {
		if (p->deleting)
			pod_write_delete(a, p);
		else if (strcmp(c->owner_uid, c->job_uid) || !nodes_have(a, p->node))
			remove_pod(a, p);
		else
			compare(a, p);
		return;
	}
	if (!c->job_uid[0])
		return;
	if (c->let_go)
		note_let_go(a, p);
	else if (c->wanted)
		create(a, p);
	else
		ask_job(a, p);
}

const struct pod_kind pod_companion = {
	.name = "companion",
	.is = is_companion,
	.take = take,
	.gone = gone,
	.keep = keep,
	.advance = advance,
	.free = free_own,
	.job = take_job,
};
