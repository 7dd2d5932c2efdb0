/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/output.h"

#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/json.h"
#include "sync-agent/mirror/companion.h"
#include "sync-agent/mirror/indexes.h"
#include "sync-agent/mirror/step_files.h"
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
static bool add_value(struct buffer *b, char c, int width, const void *names)
{
	const struct output_names *n = names;

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

char *output_expand_by(const char *pattern, output_value *value, const void *names)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(PATH_BYTES);
	const char *p = pattern;

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
		if (value(&b, *p, width, names))
			p++;
		else
			buffer_add(&b, start, (size_t)(p - start));
	}
	return b.data && !b.overflowed ? TAKE_PTR(b.data) : NULL;
}

char *output_expand(const char *pattern, const struct output_names *names)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(PATH_BYTES);

	if (!strchr(pattern, '\\'))
		return output_expand_by(pattern, add_value, names);
	add_escaped(&b, pattern);
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

static enum output_state state_of(struct json_object *slurmjob)
{
	const char *state = json_get_string(slurmjob, "status.state");

	if (companion_job_ended(slurmjob))
		return OUTPUT_ENDED;
	return !state || !strcmp(state, "PENDING") ? OUTPUT_PENDING : OUTPUT_RUNNING;
}

/* As companions' containers are named; and a task's own "stderr-7". Returns false if it is
 * something else. */
static bool parse_container(const char *name, int64_t *task, bool *is_err)
{
	static const char err_of[] = "stderr-";
	char plain[32];

	*is_err = !strncmp(name, err_of, strlen(err_of));
	if (!*is_err)
		return companion_container(name, task, is_err);
	*is_err = false;
	snprintf(plain, sizeof(plain), "task-%.20s", name + strlen(err_of));
	return companion_container(plain, task, is_err) && (*is_err = true);
}

int64_t output_task(const char *container)
{
	int64_t task;
	bool is_err;

	return parse_container(container, &task, &is_err) ? task : -1;
}

bool output_task_in(const char *indexes, int64_t task)
{
	_cleanup_(indexes_free) struct indexes set = { 0 };

	return indexes && task >= 0 && indexes_parse(&set, indexes, NULL) == 0 &&
	       indexes_have(&set, (size_t)task);
}

static int find_plain(struct json_object *status, bool is_err, int64_t task, struct output *ret,
		      struct error *err)
{
	const char *path = json_get_string(status, is_err ? "stderr" : "stdout");

	if (task >= 0)
		return error_set(err, 404, "the job is no array: its containers are stdout and stderr");
	if (!path)
		return error_set(err, 400,
				 "Slurm doesn't tell where its output is: it was not submitted with sbatch, "
				 "or is known only from accounting");
	ret->path = strdup(path);
	return ret->path ? 0 : error_set(err, 503, "out of memory");
}

/* Slurm starts an array's tasks in the order of their indexes: the nth of them, from 1; -1 if there are fewer. */
static int64_t nth(const struct indexes *set, int64_t n)
{
	for (size_t i = 0; i < set->n_words * 64; i++)
		if (indexes_have(set, i) && --n == 0)
			return (int64_t)i;
	return -1;
}

/* The task that was started last; -1: none was. */
static int64_t last_task(struct json_object *status)
{
	int64_t pending = json_get_int(status, "array.pending", 0);
	_cleanup_(indexes_free) struct indexes set = { 0 };
	const char *all = json_get_string(status, "current.array");

	if (!all || indexes_parse(&set, all, NULL) < 0)
		return -1;
	return nth(&set, (int64_t)indexes_count(&set) - pending);
}

static enum output_state task_state(struct json_object *status, int64_t task,
				    enum output_state whole)
{
	if (whole == OUTPUT_ENDED ||
	    output_task_in(json_get_string(status, "array.completedIndexes"), task) ||
	    output_task_in(json_get_string(status, "array.failedIndexes"), task))
		return OUTPUT_ENDED;
	return task > last_task(status) ? OUTPUT_PENDING : OUTPUT_RUNNING;
}

static char *task_path(struct json_object *status, bool is_err, int64_t task)
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
	char *path;

	if (!pattern)
		pattern = json_get_string(status, "current.output");
	text = output_expand(pattern ? pattern : "slurm-%A_%a.out", &names);
	if (!text || text[0] == '/' || !folder)
		return TAKE_PTR(text);
	return asprintf(&path, "%s/%s", folder, text) < 0 ? NULL : path;
}

/* Of an array's tasks, each with files of its own. */
static int find_task(struct json_object *status, bool is_err, int64_t task, struct output *ret,
		     struct error *err)
{
	if (task < 0)
		task = last_task(status);
	if (task < 0)
		return error_set(err, 400, "no task of the array has started yet");
	ret->state = task_state(status, task, ret->state);
	ret->path = task_path(status, is_err, task);
	if (!ret->path || ret->path[0] != '/')
		return error_set(err, 400, "Slurm doesn't tell where its output is");
	return 0;
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
	if (step_files_container(container, NULL, NULL))
		return step_files_find(slurmjob, container, ret, err);
	if (!parse_container(container, &task, &is_err))
		return error_set(err, 404,
				 "there is no container %.64s: there are stdout and stderr, of an array "
				 "task-7 or stderr-7 for its task 7, and step-3 or step-3-stderr for step 3",
				 container);
	if (uid < 0)
		return error_set(err, 400, "the job is not in Slurm yet");
	ret->is_stderr = is_err;
	ret->state = state_of(slurmjob);
	ret->uid = (uint32_t)uid;
	ret->started = start ? when_parse_stamp(start) / 1000000 : 0;
	rc = json_get(status, "array") ? find_task(status, is_err, task, ret, err) :
					 find_plain(status, is_err, task, ret, err);
	if (rc < 0)
		output_free(ret);
	return rc;
}
