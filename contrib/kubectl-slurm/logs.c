/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kubectl slurm logs: kubectl logs, by job, whether it has a pod or not. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "contrib/kubectl-slurm/plugin.h"
#include "contrib/kubectl-slurm/pod.h"

static const struct {
	enum option_id id;
	const char *flag; /* of kubectl logs */
} passed_on[] = {
	{ OPT_FOLLOW, "--follow" },	    { OPT_TAIL, "--tail" },
	{ OPT_SINCE, "--since" },	    { OPT_SINCE_TIME, "--since-time" },
	{ OPT_TIMESTAMPS, "--timestamps" }, { OPT_LIMIT_BYTES, "--limit-bytes" },
	{ OPT_PREVIOUS, "--previous" },
};

/* "step-3", "step-3-stderr"; of an array's task 7 "step-7-3". */
static int name_step(const char *step, const struct job *job, bool is_stderr, char name[256],
		     struct error *err)
{
	char task[32] = "";

	if (!step[0] || strspn(step, "0123456789") != strlen(step) || strlen(step) > 10)
		return error_set(err, EINVAL, "--step=%.40s: it is a number, as kubectl slurm steps shows it",
				 step);
	if (json_get(job->object, "status.array") && job->task < 0)
		return error_set(err, EINVAL, "--step of an array: --task says of which task");
	if (job->task >= 0)
		snprintf(task, sizeof(task), "%" PRId64 "-", job->task);
	snprintf(name, 256, "step-%s%s%s", task, step, is_stderr ? "-stderr" : "");
	return 0;
}

/* "stdout", "stderr", "task-7", "stderr-7", a step's, or what -c says. Returns 0, or -1 with err filled. */
static int name_container(struct call *call, struct job *job, char name[256], struct error *err)
{
	const char *task = call->value[OPT_TASK], *container = call->value[OPT_CONTAINER];
	bool is_stderr = call->value[OPT_STDERR];
	char *end;

	if (task) {
		job->task = strtoll(task, &end, 10);
		if (task[0] < '0' || task[0] > '9' || *end || job->task >= UINT32_MAX)
			return error_set(err, EINVAL, "--task=%.40s: it is a number", task);
	}
	if (container && (is_stderr || job->task >= 0 || call->value[OPT_STEP]))
		return error_set(err, EINVAL,
				 "-c names a container, --stderr, a task and --step choose one: use "
				 "one of both");
	if (container && !job_is_name(container))
		return error_set(err, EINVAL, "-c %.60s: that can't be a container's name",
				 container);
	if (call->value[OPT_STEP])
		return name_step(call->value[OPT_STEP], job, is_stderr, name, err);
	if (container)
		snprintf(name, 256, "%s", container);
	else if (job->task >= 0)
		snprintf(name, 256, "%s-%" PRId64, is_stderr ? "stderr" : "task", job->task);
	else
		snprintf(name, 256, "%s", is_stderr ? "stderr" : "stdout");
	return 0;
}

/* Its files are one: Slurm writes both into output. */
static bool has_one_file(struct json_object *object)
{
	const char *out = json_get_string(object, "status.stdout");
	const char *error = json_get_string(object, "status.stderr");

	return out && error && !strcmp(out, error);
}

static int read_logs(struct call *call, struct pod *pod, struct error *err)
{
	const char *words[32] = { "logs", pod->name };
	char *texts[ARRAY_SIZE(passed_on) + 1] = { 0 };
	size_t n = 2, used = 0;
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(passed_on) && rc >= 0; i++) {
		const char *value = call->value[passed_on[i].id];

		if (!value)
			continue;
		rc = asprintf(&texts[used], "%s%s%s", passed_on[i].flag, value[0] ? "=" : "",
			      value);
		words[n++] = rc < 0 ? "" : texts[used++];
	}
	if (rc >= 0 && pod->container) {
		rc = asprintf(&texts[used], "--container=%s", pod->container);
		words[n++] = rc < 0 ? "" : texts[used++];
	}
	rc = rc < 0 ? error_set(err, ENOMEM, "not enough memory")
		    : kubectl_run(&call->kubectl, words, err);
	for (size_t i = 0; i < used; i++)
		free(texts[i]);
	return rc;
}

int logs_run(struct call *call, struct error *err)
{
	_cleanup_(job_free) struct job job = { .task = -1 };
	_cleanup_(pod_leave) struct pod pod = { 0 };
	char container[256];
	int rc;

	if (job_find(&call->kubectl, call->words[0], &job, err) < 0 ||
	    name_container(call, &job, container, err) < 0)
		return -1;
	if (!strcmp(container, "stderr") && !json_get(job.object, "status.array") &&
	    has_one_file(job.object))
		return error_set(
			err, ENOENT,
			"%s: its errors go to the same file as its output; leave --stderr out",
			job.name);
	rc = pod_enter(&pod, &call->kubectl, &job, container, call->value[OPT_FOLLOW], err);
	if (rc == 0 && strcmp(pod.name, job.name) && !call->value[OPT_CONTAINER])
		pod.container = NULL; /* a pod's own containers */
	if (rc == 0)
		rc = read_logs(call, &pod, err);
	/* The pod that was there may have been another one's wish, which has just been taken back. */
	if (rc == 1 && !kubectl_signal && pod_is_lost(&pod)) {
		rc = pod_enter(&pod, &call->kubectl, &job, container, call->value[OPT_FOLLOW], err);
		if (rc == 0)
			rc = read_logs(call, &pod, err);
	}
	return rc < 0 ? error_wrap(err, "%s", job.name) : rc;
}
