/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/pods/job_pod.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/hash.h"
#include "common/json.h"
#include "common/pod_path.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"
#include "sync-agent/kubelet/kubelet.h"
#include "sync-agent/mirror/node.h"
#include "sync-agent/mirror/output.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/pods/job_pod_own.h"
#include "sync-agent/pods/status.h"
#include "sync-agent/pods/tolerations.h"
#include "sync-agent/pods/translate.h"
#include "sync-agent/write.h"

#define RUNNER SLURM_KUBE_LIBEXECDIR "/slurm-kube-pod"
#define LIST_AGAIN 200000  /* microseconds: the SlurmJobs are not known yet */
#define NODE_AGAIN 2000000 /* its partition has no node yet */

static const char lost_job[] =
	"the pod's SlurmJob was deleted, and the end of its job was not seen";

static struct job_pod *own(struct pod *p)
{
	if (!p->own)
		p->own = calloc(1, sizeof(struct job_pod));
	return p->own;
}

static void free_own(struct pod *p)
{
	struct job_pod *j = p->own;

	if (!j)
		return;
	json_object_put(j->pod);
	json_object_put(j->whole);
	json_object_put(j->job);
	json_object_put(j->report);
	json_object_put(j->tolerations);
	free(j);
	p->own = NULL;
}

/* -- what is heard ---------------------------------------------------------------------------- */

static bool tolerates(struct json_object *pod)
{
	struct json_object *list = json_get(pod, "spec.tolerations");

	for (size_t i = 0; i < json_length(list); i++) {
		const char *key = json_get_string(json_object_array_get_idx(list, i), "key");

		if (key && !strcmp(key, NODE_TAINT))
			return true;
	}
	return false;
}

static bool is_job_pod(struct agent *a, struct json_object *pod)
{
	const char *scheduler = json_get_string(pod, "spec.schedulerName");
	const char *node = json_get_string(pod, "spec.nodeName");

	/* Those that are jobs are followed to their end. */
	if (!a->config.pods_scheduler)
		return a->nodes.clearing && node && nodes_partition(a, node) &&
		       pod_status_had_job(pod);
	if (scheduler && !strcmp(scheduler, a->config.pods_scheduler))
		return true;
	return node && nodes_have(a, node) && tolerates(pod);
}

/* Of the same name, another pod. */
static void begin_anew(struct job_pod *j)
{
	job_pod_set(&j->report, NULL);
	j->read_at = j->bell_at = j->give_up = 0;
	j->report_known = j->cancelling = j->intolerant = j->job_gone = false;
	j->refused = 0;
}

static void take(struct agent *a, struct pod *p, struct json_object *pod)
{
	struct job_pod *j = own(p);
	const char *before;

	if (!j)
		return;
	before = json_get_string(j->pod, "metadata.uid");
	if (before && strcmp(before, p->uid))
		begin_anew(j);
	before = json_member_string(json_get(j->job, "metadata.labels"), POD_LABEL);
	if (before && strcmp(before, p->uid))
		job_pod_set(&j->job, NULL);
	job_pod_set(&j->pod, pod_slim(pod));
	job_pod_set(&j->whole, j->job ? NULL : json_object_get(pod));
	job_pod_set(&j->tolerations, tolerations_needed(pod));
	kubelet_pod(a, p->namespace, p->name);
}

static void gone(struct agent *a, struct pod *p)
{
	struct job_pod *j = p->own;

	if (!j)
		return;
	job_pod_set(&j->pod, NULL);
	job_pod_set(&j->whole, NULL);
	job_pod_set(&j->tolerations, NULL);
	if (j->job_gone)
		job_pod_set(&j->job, NULL);
	begin_anew(j);
}

static bool keep(struct agent *a, struct pod *p)
{
	struct job_pod *j = p->own;

	return j && j->job;
}

/* The pod that a SlurmJob is of: {"name", "uid"}, NULL if it is none's. */
static struct json_object *owner_of(struct json_object *job)
{
	const char *label = json_member_string(json_get(job, "metadata.labels"), POD_LABEL);
	struct json_object *owners = json_get(job, "metadata.ownerReferences");

	for (size_t i = 0; label && i < json_length(owners); i++) {
		struct json_object *o = json_object_array_get_idx(owners, i);
		const char *kind = json_get_string(o, "kind"), *uid = json_get_string(o, "uid");

		if (kind && uid && !strcmp(kind, "Pod") && !strcmp(uid, label))
			return o;
	}
	return NULL;
}

static void job_gone(struct agent *a, const struct entry *e)
{
	struct pod *p = job_pod_of(a, e);
	struct job_pod *j = p ? p->own : NULL;
	const char *name = j && j->job ? json_get_string(j->job, "metadata.name") : NULL;

	if (!name || strcmp(name, e->name))
		return;
	j->job_gone = p->exists && p->deleting;
	if (!j->job_gone) {
		job_pod_set(&j->job, NULL);
	} else if (!pod_job_ended(j->job)) {
		pod_job_cancelled(j->job);
		j->report_known = true; /* as far as it has been read */
	}
	pods_enqueue(a, p);
}

static void take_job(struct agent *a, struct entry *e, struct json_object *job)
{
	struct json_object *owner = job ? owner_of(job) : NULL;
	const char *name = json_get_string(owner, "name");
	struct job_pod *j;
	struct pod *p;

	if (!a->config.pods_scheduler && !a->nodes.clearing)
		return;
	if (!job) {
		job_gone(a, e);
		return;
	}
	p = name ? pods_add(a, e->namespace, name, &pod_job) : NULL;
	if (!p || p->kind != &pod_job || !(j = own(p)))
		return;
	/* Of a pod that was there before under that name. */
	if (p->exists && strcmp(p->uid, json_get_string(owner, "uid")))
		return;
	job_pod_set(&j->job, pod_slim_job(job));
	j->job_gone = false;
	job_pod_set(&j->whole, NULL);
	pods_enqueue(a, p);
}

/* -- a SlurmJob for it ------------------------------------------------------------------------ */

/* Said once for what it is now. */
static void refuse(struct agent *a, struct pod *p, const char *reason, const char *message)
{
	struct job_pod *j = p->own;
	bool failed = p->node[0] != '\0' || !strcmp(reason, "SlurmJobGone");

	job_pod_tell(a, p, pod_status_refused(j->pod, reason, message, failed));
}

static bool create_refused(struct agent *a, struct pod *p, const struct kube_answer *answer)
{
	if (answer->status != 409)
		job_pod_event(a, p, true, "FailedCreate", answer->problem);
	return false;
}

static void made(struct agent *a, struct pod *p, struct json_object *object)
{
	struct job_pod *j = p->own;

	/* The watch tells of it, too; until then it isn't made again. */
	if (j && object && !j->job)
		job_pod_set(&j->job, pod_slim_job(object));
	if (j)
		job_pod_set(&j->whole, NULL);
}

static void make_job(struct agent *a, struct pod *p)
{
	struct job_pod *j = p->own;
	struct pod_policy policy = { .runner = RUNNER,
				     .cluster = a->cluster,
				     .partition = p->node[0] ? nodes_partition(a, p->node) : NULL,
				     .host_paths = &a->config.host_paths,
				     .priority_classes = &a->config.priority_classes };
	struct error err = { 0 };
	_cleanup_json_ struct json_object *job = NULL;
	char path[600];
	struct pod_write w = { .what = "make its SlurmJob",
			       .method = "POST",
			       .path = path,
			       .done = made,
			       .refused = create_refused };

	if (json_length(json_get(j->whole, "spec.schedulingGates")))
		return;
	if (pod_status_had_job(j->pod)) {
		refuse(a, p, "SlurmJobGone", lost_job);
		return;
	}
	job = pod_translate(j->whole, &policy, &err);
	if (!job) {
		refuse(a, p, "Refused", err.text);
		return;
	}
	snprintf(path, sizeof(path), OBJECT_PATH "?" MANAGER, p->namespace);
	w.body = job;
	pod_write(a, p, &w);
}

/* -- following its job ------------------------------------------------------------------------ */

static bool bind_refused(struct agent *a, struct pod *p, const struct kube_answer *answer)
{
	/* It is bound, or going: the watch tells. */
	if (answer->status != 409)
		return false;
	pods_retry(a, p);
	return true;
}

static void bind_pod(struct agent *a, struct pod *p)
{
	struct job_pod *j = p->own;
	const char *node = nodes_for(a, json_get_string(j->job, "status.partition") ?: "");
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *metadata = json_object_new_object(), *target = json_object_new_object();
	struct json_object *annotations = json_object_new_object();
	long long id = json_get_int(j->job, "status.jobId", 0);
	struct pod_write w = { .what = "bind it",
			       .method = "POST",
			       .tail = "/binding",
			       .body = o,
			       .refused = bind_refused };
	char text[512];

	if (!node) {
		pods_wait(a, p, clock_us() + NODE_AGAIN);
		return;
	}
	snprintf(text, sizeof(text), "%lld", id);
	json_set_string(annotations, OBJECT_GROUP "/job-id", text);
	json_set_string(metadata, "name", p->name);
	json_set_string(metadata, "uid", p->uid);
	json_object_object_add(metadata, "annotations", annotations);
	json_set_string(target, "kind", "Node");
	json_set_string(target, "name", node);
	json_set_string(o, "apiVersion", "v1");
	json_set_string(o, "kind", "Binding");
	json_object_object_add(o, "metadata", metadata);
	json_object_object_add(o, "target", target);
	snprintf(text, sizeof(text),
		 "Successfully assigned %.100s/%.200s to %.100s: Slurm job %lld on %.60s",
		 p->namespace, p->name, node, id, json_get_string(j->job, "status.nodeList") ?: "");
	job_pod_event(a, p, false, "Scheduled", text);
	pod_write(a, p, &w);
}

static void follow(struct agent *a, struct pod *p)
{
	struct job_pod *j = p->own;
	struct json_object *status;

	if (pod_job_started(j->job) && !p->node[0]) {
		bind_pod(a, p);
		return;
	}
	if (job_pod_tolerate(a, p))
		return;
	if (!job_pod_reported(a, p))
		return;
	status = pod_status(j->pod, j->job, j->report, p->node[0] != '\0');
	/* An agent that has just begun doesn't know yet what runs. */
	if (p->phase == POD_RUNNING && !strcmp(json_get_string(status, "phase"), "Pending"))
		json_object_put(status);
	else
		job_pod_tell(a, p, status);
}

/* -- all of it -------------------------------------------------------------------------------- */

/* No pods are to become jobs any more (nodes_clear.c), and its SlurmJob was read before that was
 * known. */
static void ask_job(struct agent *a, struct pod *p)
{
	struct job_pod *j = p->own;
	char name[POD_JOB_NAME_SIZE];
	struct entry *e;

	pod_job_name(j->pod, name);
	e = entry_find_name(&a->entries, p->namespace, name);
	if (!e || !e->exists)
		refuse(a, p, "SlurmJobGone", lost_job);
	else if (e->in_flight || e->acting)
		pods_wait(a, p, clock_us() + LIST_AGAIN);
	else
		write_fetch(a, e);
}

static void advance(struct agent *a, struct pod *p)
{
	struct job_pod *j = p->own;
	bool final = p->phase == POD_SUCCEEDED || p->phase == POD_FAILED;

	if (!p->exists || !j || !j->pod)
		return;
	if (!a->listed)
		pods_wait(a, p, clock_us() + LIST_AGAIN);
	else if (final && p->deleting)
		pod_write_delete(a, p);
	else if (final)
		return;
	else if (p->deleting)
		job_pod_delete(a, p);
	else if (j->job)
		follow(a, p);
	else if (!a->config.pods_scheduler)
		ask_job(a, p);
	else if (j->whole)
		make_job(a, p);
	else
		refuse(a, p, "SlurmJobGone", lost_job);
}

const struct pod_kind pod_job = { .name = "job",
				  .is = is_job_pod,
				  .take = take,
				  .gone = gone,
				  .keep = keep,
				  .advance = advance,
				  .free = free_own,
				  .job = take_job };
