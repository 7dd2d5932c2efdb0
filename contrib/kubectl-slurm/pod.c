/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "contrib/kubectl-slurm/pod.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/json.h"

#define COME_SECONDS 60

static bool has_container(struct json_object *pod, const char *name)
{
	struct json_object *list = json_get(pod, "spec.containers");

	return name ? json_find(list, "name", name) != NULL : json_length(list) > 0;
}

static bool is_of(struct json_object *pod, const struct job *job)
{
	return json_find(json_get(pod, "metadata.ownerReferences"), "uid",
			 json_get_string(job->object, "metadata.uid")) != NULL;
}

/* That pod has become this job: it has the job's output itself. */
static const char *pod_that_is_job(struct json_object *object)
{
	return json_get_string(json_find(json_get(object, "metadata.ownerReferences"), "kind", "Pod"), "name");
}

/* -- the annotation --------------------------------------------------------------------------- */

static const char *annotation(struct json_object *object)
{
	return json_member_string(json_get(object, "metadata.annotations"), LOGS_ANNOTATION);
}

/* What it has to be: it names steps, and tasks of a large array, of which others may have been asked for. */
static char *wish(const struct pod *p, const char *before)
{
	bool listed = before && (isdigit((unsigned char)before[0]) || !strncmp(before, "step-", 5));
	bool is_step = p->container && !strncmp(p->container, "step-", 5);
	const char *dash = p->container ? strchr(p->container, '-') : NULL;
	char *text;

	if (!dash)
		return strdup(listed ? before : "true");
	if (asprintf(&text, "%s%s%s", listed ? before : "", listed ? "," : "",
		     is_step ? p->container : dash + 1) < 0)
		return NULL;
	return text;
}

static struct json_object *step_of(const char *op, const char *value)
{
	struct json_object *o = json_object_new_object();

	json_set_string(o, "op", op);
	json_set_string(o, "path", "/metadata/annotations/slurm-kube.io~1logs");
	json_set_string(o, "value", value);
	return o;
}

static int patch(const struct pod *p, const char *type, struct json_object *body, struct error *err)
{
	_cleanup_free_ char *argument = NULL, *text = NULL;

	/* kubectl reads it as YAML, which has no "\\/". */
	if (asprintf(&argument, "--patch=%s",
		     json_object_to_json_string_ext(body, JSON_C_TO_STRING_NOSLASHESCAPE)) < 0) {
		argument = NULL;
		return error_set(err, ENOMEM, "not enough memory");
	}
	return kubectl_text(p->kubectl,
			    (const char *[]){ "patch", RESOURCE, p->job->name, type, argument,
					      "--output=name", NULL },
			    NULL, &text, err);
}

static int ask(struct pod *p, struct error *err)
{
	_cleanup_json_ struct json_object *body = json_object_new_object();
	struct json_object *meta = json_object_new_object(), *notes = json_object_new_object();
	const char *before = annotation(p->job->object);
	_cleanup_free_ char *text = wish(p, before);

	json_object_object_add(body, "metadata", meta);
	json_object_object_add(meta, "annotations", notes);
	json_set_string(notes, LOGS_ANNOTATION, text);
	if (!text || (before && !strcmp(before, text)))
		return 0;
	kubectl_catch_signals();
	if (patch(p, "--type=merge", body, err) < 0)
		return error_wrap(err,
				  "it has no pod to read from, and the annotation " LOGS_ANNOTATION
				  " that asks for one can't be set");
	p->asked = TAKE_PTR(text);
	p->before = before ? strdup(before) : NULL;
	return 0;
}

void pod_leave(struct pod *p)
{
	_cleanup_json_ struct json_object *body = json_object_new_array();
	struct error err;

	if (!p->asked)
		return;
	/* A second ^C is not to end this. */
	signal(SIGINT, SIG_IGN);
	json_object_array_add(body, step_of("test", p->asked));
	json_object_array_add(body, step_of(p->before ? "replace" : "remove", p->before));
	if (patch(p, "--type=json", body, &err) < 0 && !strstr(err.text, "test"))
		fprintf(stderr, "kubectl slurm: %s: the annotation " LOGS_ANNOTATION " stays: %s\n",
			p->job->name, err.text);
	free(p->asked);
	free(p->before);
	p->asked = p->before = NULL;
}

/* -- the pod ---------------------------------------------------------------------------------- */

static int pod_seen(void *ctx, struct json_object *object, struct error *err)
{
	const struct pod *p = ctx;

	return object && is_of(object, p->job) && has_container(object, p->container) &&
	       !json_get(object, "metadata.deletionTimestamp");
}

static int in_slurm(void *ctx, struct json_object *object, struct error *err)
{
	char text[400];

	if (!object)
		return error_set(err, ENOENT, "it has been deleted");
	job_describe(object, text, sizeof(text));
	if (job_refused(object))
		return error_set(err, EPERM, "%s", text);
	return json_get_int(object, "status.jobId", 0) > 0;
}

static int wait_for_slurm(struct pod *p, struct error *err)
{
	struct job_watch what = { .kind = RESOURCE, .name = p->name, .seen = in_slurm };

	return job_watch(p->kubectl, &what, err);
}

static int wait_for_pod(struct pod *p, struct error *err)
{
	struct job_watch what = { .kind = "pods",
				  .name = p->name,
				  .may_come = true,
				  .timeout = COME_SECONDS,
				  .seen = pod_seen,
				  .ctx = p };
	int rc = job_watch(p->kubectl, &what, err);

	if (rc == 0)
		return error_set(
			err, ETIMEDOUT,
			"no pod %s with the container %s has come within %d s. Is there such a "
			"container? The agent's configuration needs kubelet.listen, nodes.create, "
			"and logs.pods: annotated (or all)",
			p->name, p->container ?: "stdout", COME_SECONDS);
	return rc < 0 ? -1 : 0;
}

bool pod_is_lost(const struct pod *p)
{
	_cleanup_json_ struct json_object *o = NULL;
	struct error err;

	return !p->asked && p->name == p->job->name &&
	       kubectl_json(p->kubectl,
			    (const char *[]){ "get", "pods", p->name, "--output=json",
					      "--ignore-not-found", NULL },
			    &o, &err) == 0 &&
	       (!o || json_get(o, "metadata.deletionTimestamp"));
}

int pod_enter(struct pod *p, const struct kubectl *k, const struct job *job, const char *container,
	      bool wait, struct error *err)
{
	_cleanup_json_ struct json_object *o = NULL;

	*p = (struct pod){ .kubectl = k,
			   .job = job,
			   .name = pod_that_is_job(job->object),
			   .container = container };
	if (p->name && !job_is_name(p->name))
		return error_set(err, EBADMSG, "kubectl's answer is no SlurmJob");
	if (p->name)
		return 0;
	p->name = job->name;
	if (json_get_int(job->object, "status.jobId", 0) <= 0 && !wait)
		return error_set(err, ENOENT,
				 "Slurm doesn't have it yet: kubectl describe slurmjob %s",
				 job->name);
	if (wait && wait_for_slurm(p, err) < 0)
		return -1;
	if (kubectl_json(k,
			 (const char *[]){ "get", "pods", p->name, "--output=json",
					   "--ignore-not-found", NULL },
			 &o, err) < 0)
		return -1;
	if (pod_seen(p, o, err))
		return 0;
	if (o && !is_of(o, job))
		return error_set(err, EEXIST, "the pod %s is another one, not this job's", p->name);
	return ask(p, err) < 0 ? -1 : wait_for_pod(p, err);
}
