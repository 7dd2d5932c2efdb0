/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which file is the output of a pod's container? A pod has the name of its SlurmJob; what Slurm
 * says of the job's files is in its status, which only the agent writes. */
#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "sync-agent/kubelet/asked.h"
#include "sync-agent/mirror/output.h"
#include "sync-agent/pods/job_pod.h"

static struct entry *entry_of(const struct asked *q)
{
	const char *namespace = json_get_string(q->question, "namespace");
	const char *pod = json_get_string(q->question, "pod");

	return namespace && pod ? entry_find_name(&q->agent->entries, namespace, pod) : NULL;
}

static void no_pod(struct asked *q)
{
	char text[512];

	snprintf(text, sizeof(text), "pod \"%.253s\" does not exist",
		 json_get_string(q->question, "pod") ?: "");
	asked_answer(q, 404, text);
}

static void tell_output(struct asked *q, const struct output *output)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();

	json_set_int(o, "uid", output->uid);
	json_set_string(o, "path", output->path);
	json_set_string(o, "state", output_state_name(output->state));
	json_set_int(o, "started", output->started);
	asked_send(q, o);
}

static void got_object(void *ctx, const struct kube_answer *answer)
{
	_cleanup_(output_free) struct output output = { 0 };
	_cleanup_json_ struct json_object *o = NULL;
	struct asked *q = ctx;
	struct error err;

	if (!asked_done(q))
		return;
	if (answer->status == 404)
		no_pod(q);
	else if (answer->status != 200 || !(o = json_parse(answer->body, answer->len, NULL)))
		asked_answer(q, 503, answer->problem);
	else if (output_find(o, json_get_string(q->question, "container") ?: "", &output, &err) < 0)
		asked_answer(q, (unsigned)err.code, err.text);
	else
		tell_output(q, &output);
}

/* A pod that is a Slurm job has a file for each of its containers. Returns true if it is one. */
static bool answer_job_pod(struct asked *q)
{
	_cleanup_(output_free) struct output output = { 0 };
	struct error err = { 0 };
	int rc = job_pod_output(q->agent, json_get_string(q->question, "namespace"),
				json_get_string(q->question, "pod"),
				json_get_string(q->question, "container"),
				json_get_bool(q->question, "previous", false), &output, &err);

	if (rc == 0)
		tell_output(q, &output);
	else if (rc < 0)
		asked_answer(q, (unsigned)err.code, err.text);
	return rc <= 0;
}

void answer_output(struct asked *q)
{
	struct entry *e = entry_of(q);
	char path[1024];

	if (answer_job_pod(q))
		return;
	if (!e || !e->exists) {
		no_pod(q);
		return;
	}
	if (json_get_bool(q->question, "previous", false)) {
		asked_answer(q, 400,
			     "there is no earlier output: Slurm keeps one file for all runs of a "
			     "job, and empties it when "
			     "the job is requeued, unless it was submitted with "
			     "--open-mode=append; then the output of all "
			     "runs is there without --previous");
		return;
	}
	snprintf(path, sizeof(path), "/apis/" OBJECT_API_VERSION "/namespaces/%s/slurmjobs/%s",
		 e->namespace, e->name);
	asked_request(q, "GET", path, NULL, got_object);
}

static bool has_ended(const struct asked *q, const struct entry *e)
{
	int64_t task = output_task(json_get_string(q->question, "container") ?: "");

	return !e || !e->exists || e->ended || output_task_in(e->completed, task) ||
	       output_task_in(e->failed, task);
}

void answer_ended(struct asked *q)
{
	const struct entry *e = entry_of(q);
	int ended = job_pod_ended(q->agent, json_get_string(q->question, "namespace"),
				  json_get_string(q->question, "pod"),
				  json_get_string(q->question, "container"));

	q->waits = true;
	if (ended >= 0 ? ended : has_ended(q, e))
		asked_answer(q, 200, NULL);
}
