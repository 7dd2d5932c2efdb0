/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/step_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/buffer.h"
#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/mirror/companion.h"
#include "sync-agent/mirror/when.h"

#define NOWHERE "/dev/null"
#define NO_TASK (UINT32_MAX - 1) /* what srun writes for %a of a job that is no task */

/* -- patterns --------------------------------------------------------------------------------- */

struct names {
	const struct step *step;
	const struct step_job *job;
};

/* What srun itself puts in, and %u; the rest is slurmstepd's, of each task. */
static bool add_value(struct buffer *b, char c, int width, const void *names)
{
	const struct names *n = names;
	const struct step *s = n->step;

	switch (c) {
	case 'j':
	case 'J':
		buffer_printf(b, "%0*u", width, s->job_id);
		if (c == 'J')
			buffer_printf(b, ".%u", s->number);
		return true;
	case 's':
		buffer_printf(b, "%0*u", width, s->number);
		return true;
	case 'A':
		buffer_printf(b, "%0*u", width, s->array_id ? s->array_id : s->job_id);
		return true;
	case 'a':
		buffer_printf(b, "%0*u", width, s->array_id ? s->array_task : NO_TASK);
		return true;
	case 'u':
		buffer_printf(b, "%s", s->user ?: "");
		return true;
	case 'x':
		buffer_printf(b, "%s", n->job->name ?: "");
		return true;
	case 't':
	case 'n':
	case 'N':
		if (width)
			buffer_printf(b, "%%%d%c", width, c);
		else
			buffer_printf(b, "%%%c", c);
		return true;
	}
	return false;
}

/* "node[07-12,20],x" begins with node07. */
static void add_first_node(struct buffer *b, const char *list)
{
	size_t n = strcspn(list, ",[");

	buffer_add(b, list, n);
	if (list[n] == '[')
		buffer_add(b, list + n + 1, strcspn(list + n + 1, ",-]"));
}

static bool add_first_task(struct buffer *b, char c, int width, const void *nodes)
{
	if (c == 'N' && nodes)
		add_first_node(b, nodes);
	else if (c == 't' || c == 'n')
		buffer_printf(b, "%0*u", width, 0U);
	else
		return false;
	return true;
}

/* With a backslash in it nothing is expanded; the backslashes go. */
static char *unescape(const char *pattern)
{
	char *text = malloc(strlen(pattern) + 1), *to = text;

	for (; text && *pattern; pattern++)
		if (*pattern != '\\')
			*to++ = *pattern;
	if (text)
		*to = '\0';
	return text;
}

/* "all", "-" and the number of a task are no files: srun's own output it is. */
static bool is_shared(const char *pattern, const struct step *step)
{
	char *end;
	unsigned long task = strtoul(pattern, &end, 10);

	return !pattern[0] || !strncasecmp(pattern, "all", 3) || pattern[0] == '-' ||
	       (!*end && task < (step->tasks ? step->tasks : 1));
}

static char *bounded(char *path)
{
	if (!path || strlen(path) < STEP_FILES_PATH)
		return path;
	free(path);
	return NULL;
}

static char *path_of(const char *pattern, const struct step *step, const struct step_job *job)
{
	const char *folder = step->folder ? step->folder : job->folder;
	_cleanup_free_ char *name = NULL;
	char *path;

	if (!pattern || is_shared(pattern, step))
		return NULL;
	if (!strcasecmp(pattern, "none"))
		return strdup(NOWHERE);
	name = strchr(pattern, '\\')
		       ? unescape(pattern)
		       : output_expand_by(pattern, add_value, &(struct names){ step, job });
	if (!name || name[0] == '/')
		return bounded(TAKE_PTR(name));
	if (!folder || folder[0] != '/')
		return NULL;
	return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : bounded(path);
}

void step_files_settle(struct step *step, const struct step_job *job)
{
	/* Each component of a step that is heterogeneous has options of its own, the line is that
	 * of all. */
	bool of_many = step->het_offset != STEP_NO_HET;
	char *out = of_many ? NULL : path_of(step->out, step, job);
	char *err = of_many ? NULL : path_of(step->err, step, job);

	free(step->out);
	free(step->err);
	step->out = out;
	step->err = out && err && !strcmp(out, err) ? NULL : err;
	if (!step->err)
		free(err);
}

/* -- containers ------------------------------------------------------------------------------- */

/* Reads a number without leading zeros; NULL if there is none. */
static const char *skip_number(const char *p)
{
	size_t n = strspn(p, "0123456789");

	return n == 0 || n > 10 || (n > 1 && *p == '0') ? NULL : p + n;
}

bool step_files_container(const char *name, char id[STEP_ID_SIZE], bool *is_stderr)
{
	static const char prefix[] = "step-";
	const char *first, *end, *second = NULL;

	if (strncmp(name, prefix, strlen(prefix)))
		return false;
	first = name + strlen(prefix);
	end = skip_number(first);
	if (end && end[0] == '-' && end[1] != 's') {
		second = end + 1;
		end = skip_number(second);
	}
	if (!end || (*end && strcmp(end, "-stderr")))
		return false;
	if (is_stderr)
		*is_stderr = *end != '\0';
	if (id && second)
		snprintf(id, STEP_ID_SIZE, "%.*s.%.*s", (int)(second - 1 - first), first,
			 (int)(end - second), second);
	else if (id)
		snprintf(id, STEP_ID_SIZE, "%.*s", (int)(end - first), first);
	return true;
}

bool step_files_ended(struct json_object *steps, const char *container)
{
	char id[STEP_ID_SIZE];

	return step_files_container(container, id, NULL) && json_get(json_find(steps, "id", id), "endTime");
}

static int refuse_unknown(struct json_object *slurmjob, const char *id, struct error *err)
{
	if (companion_job_ended(slurmjob))
		return error_set(
			err, 404,
			"there is no step %s among the job's latest 32: status.steps of the "
			"SlurmJob has those that are known",
			id);
	return error_set(err, 400, "step %s has not begun, or Slurm has not told of it yet", id);
}

static int refuse_shared(const char *id, bool is_stderr, bool has_out, struct error *err)
{
	if (is_stderr && has_out)
		return error_set(
			err, 400,
			"the errors of step %s go where its output goes: container step-N without "
			"-stderr has both",
			id);
	return error_set(err, 400,
			 "step %s has no file of its own that srun's command line tells (--%s): "
			 "what it writes is "
			 "in container %s",
			 id, is_stderr ? "error" : "output",
			 is_stderr ? "stderr, or stdout where there is none" : "stdout");
}

/* A file for each task or node: the first one's. */
static char *first_file(const char *path, struct json_object *step)
{
	if (strpbrk(path, "%") == NULL)
		return strdup(path);
	return output_expand_by(path, add_first_task, json_get_string(step, "nodeList"));
}

int step_files_find(struct json_object *slurmjob, const char *container, struct output *ret,
		    struct error *err)
{
	char id[STEP_ID_SIZE] = "";
	bool is_stderr = false, is = step_files_container(container, id, &is_stderr);
	struct json_object *step = is ? json_find(json_get(slurmjob, "status.steps"), "id", id) : NULL;
	const char *out = json_get_string(step, "stdout"),
		   *start = json_get_string(step, "startTime");
	const char *path = is_stderr ? json_get_string(step, "stderr") : out;
	int64_t uid = json_get_int(slurmjob, "status.uid", -1);

	*ret = (struct output){ 0 };
	if (!step)
		return refuse_unknown(slurmjob, id, err);
	if (!path || path[0] != '/' || uid < 0)
		return refuse_shared(id, is_stderr, out != NULL, err);
	if (!strcmp(path, NOWHERE))
		return error_set(
			err, 404,
			"srun was told to throw away what step %s writes: none, or " NOWHERE, id);
	*ret = (struct output){
		.path = first_file(path, step),
		.uid = (uint32_t)uid,
		.is_stderr = is_stderr,
		.is_step = true,
		.state = companion_job_ended(slurmjob) || json_get(step, "endTime")
				 ? OUTPUT_ENDED
				 : OUTPUT_RUNNING,
		.started = start ? when_parse_stamp(start) / 1000000 : 0,
	};
	return ret->path ? 0 : error_set(err, 503, "out of memory");
}
