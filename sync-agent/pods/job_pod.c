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
#include "sync-agent/pods/status.h"
#include "sync-agent/pods/translate.h"
#include "sync-agent/write.h"

#define RUNNER SLURM_KUBE_LIBEXECDIR "/slurm-kube-pod"
#define LIST_AGAIN 200000  /* microseconds: the SlurmJobs are not known yet */
#define NODE_AGAIN 2000000 /* its partition has no node yet */
#define READ_SOON 400000   /* after a step's doorbell slurm-kube-pod has to notice, too */
#define READ_AGAIN 3000000 /* ... which may take longer */
#define READ_LAST 10000000 /* for the last report to be seen on this host */
#define READ_RETRY 1000000
#define READS_MAX 16 /* at a time: each is a process */

static const char lost_job[] =
	"the pod's SlurmJob was deleted, and the end of its job was not seen";

struct job_pod {
	struct json_object *pod;   /* pod_slim(); NULL: not known */
	struct json_object *whole; /* until it has a SlurmJob */
	struct json_object *job;   /* pod_slim_job(); NULL: there is none */
	struct json_object *report;
	bool reading;	   /* the report is being read */
	int64_t read_at;   /* monotonic: when to read it; 0: not now */
	int64_t bell_at;   /* a step began or ended */
	int64_t give_up;   /* the job has ended: its last report is waited for until then */
	bool report_known; /* that is the last one, or it is not to be had */
	bool cancelling;   /* its SlurmJob is being deleted */
	uint64_t refused;  /* hash of what was told */
};

static struct job_pod *own(struct pod *p)
{
	if (!p->own)
		p->own = calloc(1, sizeof(struct job_pod));
	return p->own;
}

static void set(struct json_object **to, struct json_object *value)
{
	json_object_put(*to);
	*to = value;
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

	if (!a->config.pods_scheduler)
		return false;
	if (scheduler && !strcmp(scheduler, a->config.pods_scheduler))
		return true;
	return node && nodes_have(a, node) && tolerates(pod);
}

/* Of the same name, another pod. */
static void begin_anew(struct job_pod *j)
{
	set(&j->report, NULL);
	j->read_at = j->bell_at = j->give_up = 0;
	j->report_known = j->cancelling = false;
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
		set(&j->job, NULL);
	set(&j->pod, pod_slim(pod));
	set(&j->whole, j->job ? NULL : json_object_get(pod));
	kubelet_pod(a, p->namespace, p->name);
}

static void gone(struct agent *a, struct pod *p)
{
	struct job_pod *j = p->own;

	if (!j)
		return;
	set(&j->pod, NULL);
	set(&j->whole, NULL);
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

/* A SlurmJob's name is its pod's and more. */
static struct pod *pod_of(struct agent *a, const struct entry *e)
{
	char name[POD_JOB_NAME_SIZE];
	size_t n = strlen(e->name);
	struct pod *p;

	if (n <= POD_JOB_SUFFIX || n >= sizeof(name))
		return NULL;
	snprintf(name, sizeof(name), "%.*s", (int)(n - POD_JOB_SUFFIX), e->name);
	p = pods_find(&a->pods, e->namespace, name);
	return p && p->kind == &pod_job ? p : NULL;
}

static void job_gone(struct agent *a, const struct entry *e)
{
	struct pod *p = pod_of(a, e);
	struct job_pod *j = p ? p->own : NULL;
	const char *name = j && j->job ? json_get_string(j->job, "metadata.name") : NULL;

	if (!name || strcmp(name, e->name))
		return;
	set(&j->job, NULL);
	pods_enqueue(a, p);
}

static void take_job(struct agent *a, struct entry *e, struct json_object *job)
{
	struct json_object *owner = job ? owner_of(job) : NULL;
	const char *name = json_get_string(owner, "name");
	struct job_pod *j;
	struct pod *p;

	if (!a->config.pods_scheduler)
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
	set(&j->job, pod_slim_job(job));
	set(&j->whole, NULL);
	pods_enqueue(a, p);
}

/* -- telling ---------------------------------------------------------------------------------- */

static void post_event(struct agent *a, const struct pod *p, bool warning, const char *reason,
		       const char *message)
{
	struct event_what what = { .api_version = "v1",
				   .kind = "Pod",
				   .namespace = p->namespace,
				   .name = p->name,
				   .uid = p->uid,
				   .version = p->version,
				   .warning = warning,
				   .reason = reason,
				   .message = message,
				   /* Once for that pod, also after a restart. */
				   .occasion =
					   hash_text(hash_text(HASH_SEED, p->uid), message) | 1 };
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	recorder_add(&a->events, &what, clock_us(), wall);
}

/* Of a status that is to be written: what somebody should know. */
static void tell_status(struct agent *a, struct pod *p, struct json_object *status)
{
	const char *phase = json_get_string(status, "phase"),
		   *reason = json_get_string(status, "reason");
	struct json_object *list = json_get(status, "conditions");

	if (!strcmp(phase, "Failed") && reason)
		post_event(a, p, true, reason, json_get_string(status, "message") ?: reason);
	for (size_t i = 0; !strcmp(phase, "Pending") && i < json_length(list); i++) {
		struct json_object *c = json_object_array_get_idx(list, i);
		const char *why = json_get_string(c, "reason");

		/* What Slurm says of waiting changes often, and is in the condition. */
		if (!strcmp(json_get_string(c, "type"), "PodScheduled") && why &&
		    !json_get_int(((struct job_pod *)p->own)->job, "status.jobId", 0))
			post_event(a, p, strcmp(why, "Submitting") != 0, why,
				   json_get_string(c, "message") ?: why);
	}
}

static void tell_and_write(struct agent *a, struct pod *p, struct json_object *status)
{
	struct job_pod *j = p->own;

	if (pod_status_has(json_get(j->pod, "status"), status)) {
		json_object_put(status);
		return;
	}
	tell_status(a, p, status);
	pod_write_status(a, p, status);
}

/* -- a SlurmJob for it ------------------------------------------------------------------------ */

/* Said once for what it is now. */
static void refuse(struct agent *a, struct pod *p, const char *reason, const char *message)
{
	struct job_pod *j = p->own;
	bool failed = p->node[0] != '\0' || !strcmp(reason, "SlurmJobGone");

	tell_and_write(a, p, pod_status_refused(j->pod, reason, message, failed));
}

static bool create_refused(struct agent *a, struct pod *p, const struct kube_answer *answer)
{
	if (answer->status != 409)
		post_event(a, p, true, "FailedCreate", answer->problem);
	return false;
}

static void made(struct agent *a, struct pod *p, struct json_object *object)
{
	struct job_pod *j = p->own;

	/* The watch tells of it, too; until then it isn't made again. */
	if (j && object && !j->job)
		set(&j->job, pod_slim_job(object));
	if (j)
		set(&j->whole, NULL);
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
	post_event(a, p, false, "Scheduled", text);
	pod_write(a, p, &w);
}

static unsigned reads; /* under way, of all pods */

static void read_report(struct agent *a, struct pod *p)
{
	struct job_pod *j = p->own;
	uint64_t id = (uint64_t)json_get_int(j->job, "status.jobId", 0);
	int64_t uid = json_get_int(j->job, "status.uid", 0);
	const char *workdir = json_get_string(j->job, "status.current.workingDir");
	char folder[3000], path[3100];

	if (reads >= READS_MAX) {
		j->read_at = clock_us() + READ_SOON;
		return;
	}
	j->read_at = 0;
	if (!id || uid <= 0 || uid >= UINT32_MAX ||
	    pod_folder(workdir, p->uid, folder, sizeof(folder)) < 0) {
		j->report_known = true;
		return;
	}
	snprintf(path, sizeof(path), "%s/" POD_STATUS_FILE, folder);
	if (owner_read(a->owner, TICKET_POD | id, (uint32_t)uid, path, NULL) < 0) {
		j->report_known = true;
		return;
	}
	j->reading = true;
	reads++;
}

/* Read it if it is time. Returns false if the job has ended, and its last report is still waited
 * for. */
static bool report_is_there(struct agent *a, struct pod *p)
{
	struct job_pod *j = p->own;
	bool ended = pod_job_ended(j->job);
	int64_t now = clock_us();

	if (!pod_job_started(j->job) || j->report_known)
		return true;
	if (ended && !j->give_up) {
		j->give_up = now + READ_LAST;
		j->read_at = now;
	}
	if (ended && now >= j->give_up)
		return true;
	if (j->read_at && j->read_at <= now && !j->reading)
		read_report(a, p);
	if (j->read_at && !j->reading)
		pods_wait(a, p, j->read_at);
	else if (ended && !j->report_known)
		pods_wait(a, p, j->give_up);
	return !ended || j->report_known;
}

void job_pod_steps(struct agent *a, const struct entry *e)
{
	struct pod *p = pod_of(a, e);
	struct job_pod *j = p ? p->own : NULL;

	if (!j || !j->job || j->report_known)
		return;
	j->bell_at = clock_us();
	if (!j->read_at || j->read_at > j->bell_at + READ_SOON)
		j->read_at = j->bell_at + READ_SOON;
	pods_enqueue(a, p);
}

/* Whoever has ended well has said so in its last report; who was killed may not have. */
static bool is_last(const struct job_pod *j)
{
	const char *state = json_get_string(j->job, "status.state") ?: "";

	return json_get_bool(j->report, "final", false) ||
	       (j->report && strcmp(state, "COMPLETED") && strcmp(state, "FAILED"));
}

void job_pod_answered(struct agent *a, const struct owner_answer *answer)
{
	struct entry *e = entry_find(&a->entries, (uint32_t)answer->ticket);
	struct pod *p = e ? pod_of(a, e) : NULL;
	struct job_pod *j = p ? p->own : NULL;
	int64_t now = clock_us();

	reads -= reads > 0;
	if (!j || !j->reading)
		return;
	j->reading = false;
	if (!answer->ok)
		log_debug("pod %s/%s: its report: %s", p->namespace, p->name, answer->text);
	if (answer->file)
		set(&j->report, json_object_get(answer->file));
	if (pod_job_ended(j->job) && is_last(j))
		j->report_known = true;
	else if (pod_job_ended(j->job))
		j->read_at = now + READ_RETRY;
	else if (!j->read_at && now < j->bell_at + READ_AGAIN)
		j->read_at = j->bell_at + READ_AGAIN;
	pods_enqueue(a, p);
}

static void follow(struct agent *a, struct pod *p)
{
	struct job_pod *j = p->own;

	if (pod_job_started(j->job) && !p->node[0]) {
		bind_pod(a, p);
		return;
	}
	if (!report_is_there(a, p))
		return;
	tell_and_write(a, p, pod_status(j->pod, j->job, j->report, p->node[0] != '\0'));
}

/* -- its end ---------------------------------------------------------------------------------- */

static bool cancel_refused(struct agent *a, struct pod *p, const struct kube_answer *answer)
{
	/* It has gone: the watch tells. */
	return answer->status == 404;
}

static void cancel(struct agent *a, struct pod *p)
{
	struct job_pod *j = p->own;
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *conditions = json_object_new_object();
	char path[900];
	struct pod_write w = { .what = "delete its SlurmJob",
			       .method = "DELETE",
			       .path = path,
			       .body = o,
			       .refused = cancel_refused };

	json_set_string(conditions, "uid", json_get_string(j->job, "metadata.uid"));
	json_set_string(o, "apiVersion", "v1");
	json_set_string(o, "kind", "DeleteOptions");
	json_object_object_add(o, "preconditions", conditions);
	snprintf(path, sizeof(path), OBJECT_PATH "/%s", p->namespace,
		 json_get_string(j->job, "metadata.name"));
	j->cancelling = true;
	pod_write(a, p, &w);
}

/* A pod that has a node goes only when the node says so: when its job has ended. */
static void advance_deletion(struct agent *a, struct pod *p)
{
	struct job_pod *j = p->own;

	if (!j->job || pod_job_ended(j->job)) {
		pod_write_delete(a, p);
		return;
	}
	if (!json_get(j->job, "metadata.deletionTimestamp") && !j->cancelling)
		cancel(a, p);
}

/* -- its output ------------------------------------------------------------------------------- */

static struct job_pod *find(struct agent *a, const char *namespace, const char *name)
{
	struct pod *p = namespace && name ? pods_find(&a->pods, namespace, name) : NULL;
	struct job_pod *j = p && p->exists && p->kind == &pod_job ? p->own : NULL;

	return j && j->pod ? j : NULL;
}

/* Its status as the pod shows it; NULL: there is none. */
static struct json_object *status_of(struct job_pod *j, const char *container)
{
	static const char *const lists[] = { "status.initContainerStatuses",
					     "status.containerStatuses" };

	for (size_t i = 0; container && i < ARRAY_SIZE(lists); i++) {
		struct json_object *list = json_get(j->pod, lists[i]);

		for (size_t k = 0; k < json_length(list); k++) {
			struct json_object *c = json_object_array_get_idx(list, k);
			const char *name = json_get_string(c, "name");

			if (name && !strcmp(name, container))
				return c;
		}
	}
	return NULL;
}

static bool has_ended(struct job_pod *j, struct json_object *container)
{
	const char *phase = json_get_string(j->pod, "status.phase");

	return (phase && (!strcmp(phase, "Failed") || !strcmp(phase, "Succeeded"))) ||
	       json_get(container, "state.terminated");
}

int job_pod_ended(struct agent *a, const char *namespace, const char *name, const char *container)
{
	struct job_pod *j = find(a, namespace, name);

	return j ? has_ended(j, status_of(j, container)) : -1;
}

int job_pod_output(struct agent *a, const char *namespace, const char *name, const char *container,
		   bool previous, struct output *ret, struct error *err)
{
	struct job_pod *j = find(a, namespace, name);
	struct json_object *status = j ? status_of(j, container) : NULL;
	const char *uid = j ? json_get_string(j->pod, "metadata.uid") : NULL;
	char path[4096];

	if (!j)
		return 1;
	if (!status)
		return error_set(err, 400, "container \"%.63s\" is waiting to start", container);
	if (previous && !json_get_int(status, "restartCount", 0))
		return error_set(err, 400, "previous terminated container \"%.63s\" not found",
				 container);
	if (!j->job || pod_output_path(json_get_string(j->job, "status.current.workingDir"), uid,
				       container, previous, path, sizeof(path)) < 0)
		return error_set(err, 404,
				 "the SlurmJob of that pod is no more, or its output has no path");
	ret->path = strdup(path);
	ret->uid = (uint32_t)json_get_int(j->job, "status.uid", 0);
	ret->started = text_time_parse(json_get_string(status, "state.running.startedAt") ?:
				       json_get_string(status, "state.terminated.startedAt") ?: "");
	ret->state = previous || has_ended(j, status)	 ? OUTPUT_ENDED
		     : json_get(status, "state.waiting") ? OUTPUT_PENDING
							 : OUTPUT_RUNNING;
	return ret->path ? 0 : error_set(err, 503, "out of memory");
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
		advance_deletion(a, p);
	else if (j->job)
		follow(a, p);
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
