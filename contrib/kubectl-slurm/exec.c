/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kubectl slurm exec: a command beside a job that runs. By WebSocket, so that each kubectl and API
 * server will do. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/buffer.h"
#include "common/json.h"
#include "contrib/kubectl-slurm/channel.h"
#include "contrib/kubectl-slurm/plugin.h"
#include "contrib/kubectl-slurm/pod.h"
#include "contrib/kubectl-slurm/proxy.h"

#define QUERY_MAX 60000 /* bytes; the agent takes 8192 of a command */

static void add_escaped(struct buffer *b, const char *text)
{
	for (const char *p = text; *p; p++)
		if (isalnum((unsigned char)*p) || strchr("-_.~/", *p))
			buffer_add(b, p, 1);
		else
			buffer_printf(b, "%%%02X", (unsigned char)*p);
}

static int make_query(const struct call *call, const char *container, bool stdin_on, bool tty,
		      struct buffer *b, struct error *err)
{
	buffer_printf(b, "?container=");
	add_escaped(b, container);
	buffer_printf(b, "&stdout=true%s%s", stdin_on ? "&stdin=true" : "",
		      tty ? "&tty=true" : "&stderr=true");
	for (size_t i = 0; i < call->n_rest; i++) {
		buffer_printf(b, "&command=");
		add_escaped(b, call->rest[i]);
	}
	return b->overflowed ? error_set(err, E2BIG, "the command is too long") : 0;
}

static int enter(struct call *call, const char *path, const char *whole, bool stdin_on, bool tty,
		 struct error *err)
{
	_cleanup_(proxy_end) struct proxy proxy = { 0 };
	_cleanup_close_ int fd = proxy_connect(&proxy, &call->kubectl, path, err);

	if (fd < 0)
		return -1;
	proxy_hide(&proxy);
	if (channel_open(fd, whole, err) < 0)
		return -1;
	return channel_run(fd, stdin_on, tty, err);
}

static int exec_in(struct call *call, struct job *job, struct pod *pod, struct error *err)
{
	char task[32];
	const char *container = call->value[OPT_CONTAINER] ?: job->task >= 0 ? task : "stdout";
	const char *namespace = json_get_string(job->object, "metadata.namespace");
	bool stdin_on = call->value[OPT_STDIN], tty = call->value[OPT_TTY];
	_cleanup_buffer_ struct buffer whole = BUFFER_INIT(QUERY_MAX);
	_cleanup_free_ char *path = NULL;

	snprintf(task, sizeof(task), "task-%" PRId64, job->task);
	if (call->value[OPT_CONTAINER] && job->task >= 0)
		return error_set(err, EINVAL, "-c and a task are the same choice: use one of both");
	if (!job_is_name(container))
		return error_set(err, EINVAL, "-c %.60s: that can't be a container's name",
				 container);
	if (tty && (!stdin_on || !isatty(0))) {
		fprintf(stderr,
			"kubectl slurm exec: -t needs -i and a terminal: goes on without\n");
		tty = false;
	}
	if (pod_enter(pod, &call->kubectl, job, container, false, err) < 0)
		return -1;
	if (!namespace || !job_is_name(namespace))
		return error_set(err, EBADMSG, "kubectl's answer is no SlurmJob");
	if (asprintf(&path, "/api/v1/namespaces/%s/pods/%s/exec", namespace, pod->name) < 0) {
		path = NULL;
		return error_set(err, ENOMEM, "not enough memory");
	}
	buffer_printf(&whole, "%s", path);
	if (make_query(call, container, stdin_on, tty, &whole, err) < 0)
		return -1;
	return enter(call, path, whole.data, stdin_on, tty, err);
}

int exec_run(struct call *call, struct error *err)
{
	_cleanup_(job_free) struct job job = { .task = -1 };
	_cleanup_(pod_leave) struct pod pod = { 0 };
	int rc;

	if (!call->n_rest)
		return error_set(err, EINVAL,
				 "there is no command; it is: kubectl slurm exec JOB -- COMMAND");
	if (job_find(&call->kubectl, call->words[0], &job, err) < 0)
		return -1;
	rc = exec_in(call, &job, &pod, err);
	return rc < 0 ? error_wrap(err, "%s", job.name) : rc;
}
