/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kubectl slurm wait: until a job's end, a state, or a condition. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/json.h"
#include "contrib/kubectl-slurm/job.h"
#include "contrib/kubectl-slurm/plugin.h"

struct waiting {
	const char *goal; /* NULL: the end */
	bool deletion, state;
	int64_t task;
	char last[512];
	int code;
};

/* -- a task of an array ----------------------------------------------------------------------- */

/* Is it in "0-9,12"? */
static bool in_indexes(const char *text, int64_t task)
{
	while (text && *text) {
		char *end;
		int64_t from = strtoll(text, &end, 10), to = from;

		if (end == text)
			return false;
		if (*end == '-')
			to = strtoll(end + 1, &end, 10);
		if (task >= from && task <= to)
			return true;
		text = *end ? end + 1 : end;
	}
	return false;
}

static const char *task_state(struct json_object *object, int64_t task)
{
	static const char *const sets[][2] = { { "runningIndexes", "RUNNING" },
					       { "completedIndexes", "COMPLETED" },
					       { "failedIndexes", "FAILED" },
					       { "pendingIndexes", "PENDING" } };
	struct json_object *array = json_get(object, "status.array");

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		if (in_indexes(json_get_string(array, sets[i][0]), task))
			return sets[i][1];
	return NULL;
}

static int task_seen(struct waiting *w, struct json_object *object, struct error *err)
{
	const char *state = task_state(object, w->task);
	bool ended;

	if (!state)
		return error_set(err, ENOENT, "the array has no task %" PRId64, w->task);
	snprintf(w->last, sizeof(w->last), "task %" PRId64 " is %s", w->task, state);
	ended = !strcmp(state, "COMPLETED") || !strcmp(state, "FAILED");
	w->code = strcmp(state, "COMPLETED") != 0 && ended;
	if (!w->goal)
		return ended;
	if (!strcmp(state, w->goal)) {
		w->code = 0;
		return 1;
	}
	return ended ? error_set(err, EPERM, "%s, it will not be %s any more", w->last, w->goal)
		     : 0;
}

/* -- a job ------------------------------------------------------------------------------------ */

static bool reached(const struct waiting *w, struct json_object *object)
{
	const char *state = json_get_string(object, "status.state");

	if (w->deletion)
		return false;
	return w->state ? state && !strcmp(state, w->goal)
			: job_condition_is(object, w->goal, "True");
}

static int seen(void *ctx, struct json_object *object, struct error *err)
{
	struct waiting *w = ctx;

	if (!object && w->deletion)
		return 1;
	if (!object)
		return error_set(err, ENOENT, "it has been deleted");
	job_describe(object, w->last, sizeof(w->last));
	if (job_refused(object))
		return error_set(err, EPERM, "%s", w->last);
	if (w->task >= 0)
		return json_get(object, "status.array") ? task_seen(w, object, err) : 0;
	if (w->goal && reached(w, object))
		return 1;
	if (!job_ended(object) || w->deletion)
		return 0;
	if (w->goal)
		return error_set(err, EPERM, "it has ended without being %s: %s", w->goal, w->last);
	w->code = job_exit_code(object);
	return 1;
}

/* RUNNING, Running, condition=Running, delete */
static int read_goal(struct waiting *w, const char *text, struct error *err)
{
	bool lower = false;

	if (!strncmp(text, "condition=", 10))
		text += 10;
	else if (!strncmp(text, "state=", 6))
		text += 6;
	for (const char *p = text; *p; p++)
		lower |= islower((unsigned char)*p) != 0;
	if (!isalpha((unsigned char)text[0]) || strchr(text, '='))
		return error_set(
			err, EINVAL,
			"--for=%.60s: it is a state (RUNNING), a condition (Complete) or delete",
			text);
	w->goal = text;
	w->state = !lower;
	w->deletion = !strcmp(text, "delete");
	if (w->task >= 0 && !w->state)
		return error_set(err, EINVAL,
				 "--for=%.60s: of a task, wait for a state: PENDING, RUNNING, "
				 "COMPLETED or FAILED",
				 text);
	return 0;
}

int wait_run(struct call *call, struct error *err)
{
	const char *timeout = call->value[OPT_TIMEOUT];
	int64_t seconds = timeout ? job_seconds(timeout) : 0;
	_cleanup_(job_free) struct job job = { .task = -1 };
	struct waiting w = { 0 };
	struct job_watch what = { .kind = RESOURCE, .timeout = seconds, .seen = seen, .ctx = &w };
	int rc;

	if (seconds < 0 || (timeout && !seconds))
		return error_set(err, EINVAL, "--timeout=%.60s: write it like 90s, 10m or 1h30m",
				 timeout);
	if (job_find(&call->kubectl, call->words[0], &job, err) < 0)
		return -1;
	w.task = job.task;
	what.name = job.name;
	if (call->value[OPT_FOR] && read_goal(&w, call->value[OPT_FOR], err) < 0)
		return -1;
	rc = job_watch(&call->kubectl, &what, err);
	if (rc < 0)
		return error_wrap(err, "%s", job.name);
	if (rc == 0) {
		fprintf(stderr, "kubectl slurm wait: %s: not within %s; now: %s\n", job.name,
			timeout, w.last);
		return EXIT_TIMEOUT;
	}
	printf("%s: %s\n", job.name, w.deletion ? "deleted" : w.last);
	return w.code;
}
