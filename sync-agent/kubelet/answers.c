/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which file is the output of a pod's container? A pod has the name of its SlurmJob; what Slurm
 * says of the job's files is in its status, which only the agent writes. */
#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "sync-agent/kubelet/asked.h"
#include "sync-agent/mirror/log_marks.h"
#include "sync-agent/mirror/output.h"
#include "sync-agent/mirror/step_files.h"
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

static struct json_object *part_json(const struct log_part *part)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "from", json_object_get(part->from));
	json_object_object_add(o, "to", json_object_get(part->to));
	json_set_bool(o, "sure", part->sure);
	return o;
}

/* part: of the file; NULL: all of it */
static void tell_output(struct asked *q, const struct output *output, const struct log_part *part)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();

	json_set_int(o, "uid", output->uid);
	json_set_string(o, "path", output->path);
	json_set_string(o, "state", output_state_name(output->state));
	json_set_int(o, "started", output->started);
	if (part && (part->from || part->to))
		json_object_object_add(o, "part", part_json(part));
	asked_send(q, o);
}

/* The SlurmJob that an answer holds; answers the question itself if there is none. */
static struct json_object *object_of(struct asked *q, const struct kube_answer *answer)
{
	struct json_object *o = NULL;

	if (answer->status == 404)
		no_pod(q);
	else if (answer->status != 200 || !(o = json_parse(answer->body, answer->len, NULL)))
		asked_answer(q, 503, answer->problem);
	return o;
}

static void read_object(struct asked *q, const struct entry *e, kube_done *done)
{
	char path[1024];

	snprintf(path, sizeof(path), "/apis/" OBJECT_API_VERSION "/namespaces/%s/slurmjobs/%s",
		 e->namespace, e->name);
	asked_request(q, "GET", path, NULL, done);
}

/* What is known of its steps is written to the object when there is time. */
static void add_steps(const struct asked *q, struct json_object *o)
{
	struct entry *e = entry_of(q);
	_cleanup_json_ struct json_object *details = e ? json_of_text(e->details) : NULL;
	struct json_object *steps = json_get(details, "steps"), *status = json_get(o, "status");

	if (steps && status)
		json_object_object_add(status, "steps", json_object_get(steps));
}

/* Steps are not requeued, their files not measured. */
static int find_part(struct json_object *o, const struct output *output, bool previous,
		     struct log_part *ret, struct error *err)
{
	if (!output->is_step)
		return log_marks_part(o, output->is_stderr, previous, ret, err);
	return previous ? error_set(err, 400, "of steps there is no run before to be shown") : 0;
}

static void got_object(void *ctx, const struct kube_answer *answer)
{
	_cleanup_(output_free) struct output output = { 0 };
	_cleanup_(log_part_free) struct log_part part = { 0 };
	_cleanup_json_ struct json_object *o = NULL;
	struct asked *q = ctx;
	struct error err;
	bool previous;

	if (!asked_done(q) || !(o = object_of(q, answer)))
		return;
	previous = json_get_bool(q->question, "previous", false);
	add_steps(q, o);
	if (output_find(o, json_get_string(q->question, "container") ?: "", &output, &err) < 0 ||
	    find_part(o, &output, previous, &part, &err) < 0) {
		asked_answer(q, (unsigned)err.code, err.text);
		return;
	}
	if (previous)
		output.state = OUTPUT_ENDED;
	tell_output(q, &output, &part);
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
		tell_output(q, &output, NULL);
	else if (rc < 0)
		asked_answer(q, (unsigned)err.code, err.text);
	return rc <= 0;
}

void answer_output(struct asked *q)
{
	struct entry *e = entry_of(q);

	if (answer_job_pod(q))
		return;
	if (!e || !e->exists)
		no_pod(q);
	else
		read_object(q, e, got_object);
}

static bool step_has_ended(const struct entry *e, const char *container)
{
	_cleanup_json_ struct json_object *details = NULL;

	if (!step_files_container(container, NULL, NULL))
		return false;
	details = json_of_text(e->details);
	return step_files_ended(json_get(details, "steps"), container);
}

static bool has_ended(const struct asked *q, const struct entry *e)
{
	const char *container = json_get_string(q->question, "container") ?: "";
	int64_t task = output_task(container);

	return !e || !e->exists || e->ended || output_task_in(e->completed, task) ||
	       output_task_in(e->failed, task) || step_has_ended(e, container);
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

/* -- exec ------------------------------------------------------------------------------------- */

/* The answer, with what was asked for. */
static struct json_object *command_of(struct asked *q)
{
	static const char *const words[] = { "argv", "tty", "stdin" };
	struct json_object *o = json_object_new_object();

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		json_object_object_add(o, words[i],
				       json_object_get(json_get(q->question, words[i])));
	return o;
}

/* task: of an array; -1: it is none */
static void tell_command(struct asked *q, struct json_object *status, int64_t task)
{
	_cleanup_json_ struct json_object *o = command_of(q);
	const char *image = json_get_string(status, "container");

	json_set_int(o, "uid", json_get_int(status, "uid", -1));
	json_set_int(o, "job", json_get_int(status, "jobId", 0));
	if (task >= 0)
		json_set_int(o, "task", task);
	json_set_string(o, "image", image);
	if (!image)
		json_set_string(o, "folder", json_get_string(status, "current.workingDir"));
	asked_send(q, o);
}

/* Why that job, or task of an array, can't be entered; returns 0 if it can. */
static int check_running(struct json_object *status, int64_t task, struct error *err)
{
	const char *state = json_get_string(status, "state") ?: "not in Slurm yet";

	if (!json_get(status, "array"))
		return strcmp(state, "RUNNING") ?
			       error_set(err, 400, "the job isn't running: it is %.40s", state) :
			       0;
	if (task < 0)
		return error_set(err, 400,
				 "the job is an array; name one of its tasks, as in -c task-7");
	if (!output_task_in(json_get_string(status, "array.runningIndexes"), task))
		return error_set(err, 400, "task %lld of the array isn't running", (long long)task);
	return 0;
}

static void got_running(void *ctx, const struct kube_answer *answer)
{
	_cleanup_json_ struct json_object *o = NULL;
	struct asked *q = ctx;
	struct error err;
	int64_t task;

	if (!asked_done(q) || !(o = object_of(q, answer)))
		return;
	task = output_task(json_get_string(q->question, "container") ?: "");
	if (check_running(json_get(o, "status"), task, &err) < 0)
		asked_answer(q, (unsigned)err.code, err.text);
	else if (json_get_bool(q->question, "probe", false))
		asked_answer(q, 200, NULL);
	else
		tell_command(q, json_get(o, "status"), task);
}

/* A pod that is a Slurm job has a step for each of its containers. Returns true if it is one. */
static bool enter_job_pod(struct asked *q)
{
	_cleanup_json_ struct json_object *o = command_of(q);
	struct error err;
	int rc = job_pod_enter(q->agent, json_get_string(q->question, "namespace"),
			       json_get_string(q->question, "pod"),
			       json_get_string(q->question, "container"), o, &err);

	if (rc < 0)
		asked_answer(q, (unsigned)err.code, err.text);
	else if (rc == 0 && json_get_bool(q->question, "probe", false))
		asked_answer(q, 200, NULL);
	else if (rc == 0)
		asked_send(q, o);
	return rc <= 0;
}

void answer_exec(struct asked *q)
{
	const struct entry *e = entry_of(q);

	if (!json_length(json_get(q->question, "argv")))
		asked_answer(q, 400, "there is no command");
	else if (enter_job_pod(q))
		return;
	else if (!e || !e->exists)
		no_pod(q);
	else
		read_object(q, e, got_running);
}
