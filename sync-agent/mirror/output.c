/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/output.h"

#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/json.h"
#include "sync-agent/mirror/when.h"

#define PATH_BYTES 4096
#define WIDTH_MAX 10
#define NO_TASK (UINT32_MAX - 1) /* what Slurm writes for %a of a job that is no task */

/* -- patterns --------------------------------------------------------------------------------- */

/* With a backslash in it nothing is expanded; the backslashes go, of two together one stays. */
static void add_escaped(struct buffer *b, const char *p)
{
	for (; *p; p++) {
		if (*p == '\\' && p[1] != '\\')
			continue;
		p += *p == '\\';
		buffer_add(b, p, 1);
	}
}

/* What %c is. Returns false if it is nothing, or not known: then it stays. */
static bool add_value(struct buffer *b, char c, int width, const struct output_names *n)
{
	switch (c) {
	case 'j':
	case 'J':
		if (n->no_job_id)
			return false;
		buffer_printf(b, "%0*u", width, n->job_id);
		return true;
	case 'A':
		buffer_printf(b, "%0*u", width, n->array_id ? n->array_id : n->job_id);
		return true;
	case 'a':
		buffer_printf(b, "%0*u", width, n->array_id ? n->array_task : NO_TASK);
		return true;
	case 'n': /* a batch script runs as the only task on the first node */
	case 't':
		buffer_printf(b, "%0*u", width, 0);
		return true;
	case 's':
		buffer_printf(b, "batch");
		return true;
	case 'N':
		if (!n->node)
			return false;
		buffer_printf(b, "%s", n->node);
		return true;
	case 'u':
		buffer_printf(b, "%s", n->user);
		return true;
	case 'x':
		buffer_printf(b, "%s", n->job_name);
		return true;
	}
	return false;
}

char *output_expand(const char *pattern, const struct output_names *names)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(PATH_BYTES);
	const char *p = pattern;

	if (strchr(pattern, '\\')) {
		add_escaped(&b, pattern);
		return b.data && !b.overflowed ? TAKE_PTR(b.data) : NULL;
	}
	while (*p) {
		const char *start = p;
		int width = 0;
		char *end;

		if (*p != '%' || p[1] == '%') {
			p += *p == '%';
			buffer_add(&b, p++, 1);
			continue;
		}
		p++;
		if (*p >= '0' && *p <= '9') {
			unsigned long wished = strtoul(p, &end, 10);

			width = wished > WIDTH_MAX ? WIDTH_MAX : (int)wished;
			p = end;
			/* Of a width without a letter slurmd leaves the last digit. */
			start = p - 1;
		}
		if (add_value(&b, *p, width, names))
			p++;
		else
			buffer_add(&b, start, (size_t)(p - start));
	}
	return b.data && !b.overflowed ? TAKE_PTR(b.data) : NULL;
}

/* -- objects ---------------------------------------------------------------------------------- */

const char *output_state_name(enum output_state state)
{
	static const char *const names[] = { "pending", "running", "ended" };

	return names[state];
}

void output_free(struct output *o)
{
	free(o->path);
	*o = (struct output){ 0 };
}

static bool has_condition(struct json_object *status, const char *type)
{
	struct json_object *list = json_get(status, "conditions");

	for (size_t i = 0; i < json_length(list); i++) {
		const char *its = json_get_string(json_object_array_get_idx(list, i), "type");

		if (its && !strcmp(its, type))
			return true;
	}
	return false;
}

static enum output_state state_of(struct json_object *status)
{
	const char *state = json_get_string(status, "state");

	if (has_condition(status, "Complete") || has_condition(status, "Failed"))
		return OUTPUT_ENDED;
	return !state || !strcmp(state, "PENDING") ? OUTPUT_PENDING : OUTPUT_RUNNING;
}

/* "stdout" or "stderr", and the task after a "-". Returns 0, or -1 if it is something else. */
static int parse_container(const char *name, bool *is_err, int64_t *task)
{
	static const char *const streams[] = { "stdout", "stderr" };
	char *end;

	*is_err = !strncmp(name, streams[1], strlen(streams[1]));
	if (!*is_err && strncmp(name, streams[0], strlen(streams[0])))
		return -1;
	name += strlen(streams[0]);
	*task = -1;
	if (!name[0])
		return 0;
	if (name[0] != '-' || name[1] < '0' || name[1] > '9' || strlen(name) > 10)
		return -1;
	*task = strtoll(name + 1, &end, 10);
	return *end ? -1 : 0;
}

static int find_plain(struct json_object *status, bool is_err, int64_t task, struct output *ret,
		      struct error *err)
{
	const char *path = json_get_string(status, is_err ? "stderr" : "stdout");

	if (task >= 0)
		return error_set(err, 404,
				 "the job is no array: its containers are stdout and stderr");
	if (!path)
		return error_set(err, 400,
				 "Slurm doesn't tell where its output is: it was not submitted "
				 "with sbatch, or is "
				 "known only from accounting");
	ret->path = strdup(path);
	return ret->path ? 0 : error_set(err, 503, "out of memory");
}

/* Of an array's tasks, each with files of its own. */
static int find_task(struct json_object *status, bool is_err, int64_t task, struct output *ret,
		     struct error *err)
{
	struct output_names names = {
		.array_id = (uint32_t)json_get_int(status, "jobId", 0),
		.array_task = (uint32_t)task,
		.no_job_id = true,
		.job_name = json_get_string(status, "current.jobName") ?: "",
		.user = json_get_string(status, "user") ?: "",
	};
	const char *pattern = is_err ? json_get_string(status, "current.error") : NULL;
	const char *folder = json_get_string(status, "current.workingDir");
	_cleanup_free_ char *text = NULL;

	if (task < 0)
		return error_set(err, 400,
				 "the job is an array, each of its tasks has an output of its own: "
				 "that of task 1 is the container %s-1",
				 is_err ? "stderr" : "stdout");
	if (!pattern)
		pattern = json_get_string(status, "current.output");
	if (!pattern)
		pattern = "slurm-%A_%a.out";
	text = output_expand(pattern, &names);
	if (!text || (text[0] != '/' && !folder))
		return error_set(err, 400, "Slurm doesn't tell where its output is");
	if (text[0] == '/')
		ret->path = TAKE_PTR(text);
	else if (asprintf(&ret->path, "%s/%s", folder, text) < 0)
		ret->path = NULL;
	return ret->path ? 0 : error_set(err, 503, "out of memory");
}

int output_find(struct json_object *slurmjob, const char *container, struct output *ret,
		struct error *err)
{
	struct json_object *status = json_get(slurmjob, "status");
	int64_t uid = json_get_int(status, "uid", -1), task;
	const char *start = json_get_string(status, "startTime");
	bool is_err;
	int rc;

	*ret = (struct output){ 0 };
	if (parse_container(container, &is_err, &task) < 0)
		return error_set(err, 404,
				 "there is no container %.64s: there are stdout and stderr, of an "
				 "array's task 7 stdout-7 and stderr-7",
				 container);
	ret->state = state_of(status);
	if (uid < 0)
		return error_set(err, 400, "the job is not in Slurm yet");
	ret->uid = (uint32_t)uid;
	ret->started = start ? when_parse_stamp(start) / 1000000 : 0;
	rc = json_get(status, "array") ? find_task(status, is_err, task, ret, err)
				       : find_plain(status, is_err, task, ret, err);
	if (rc < 0)
		output_free(ret);
	return rc;
}
