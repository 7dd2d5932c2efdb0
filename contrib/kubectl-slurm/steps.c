/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kubectl slurm steps: status.steps as a table. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "common/json.h"
#include "contrib/kubectl-slurm/job.h"
#include "contrib/kubectl-slurm/plugin.h"
#include "contrib/kubectl-slurm/table.h"

/* Those of an array's task are called 7.0, 7.batch. */
static bool is_of_task(const char *id, int64_t task)
{
	char prefix[24];
	int n = snprintf(prefix, sizeof(prefix), "%" PRId64 ".", task);

	return task < 0 || (id && !strncmp(id, prefix, (size_t)n));
}

static void add_end(struct table *t, struct json_object *step)
{
	int64_t number = json_get_int(step, "signal", 0);
	char text[32];

	if (!json_get(step, "exitCode") && !number) {
		table_add(t, NULL);
		return;
	}
	snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64, json_get_int(step, "exitCode", 0),
		 number);
	table_add(t, text);
}

/* Of a step that is known by its doorbell alone there is none. */
static void add_count(struct table *t, struct json_object *count)
{
	table_add(t, count ? json_object_get_string(count) : NULL);
}

static void add_step(struct table *t, struct json_object *step)
{
	int64_t end = job_time(json_get_string(step, "endTime"));

	table_add(t, json_get_string(step, "id"));
	table_add(t, json_get_string(step, "name"));
	table_add(t, json_get_string(step, "state"));
	add_count(t, json_get(step, "tasks"));
	add_count(t, json_get(step, "nodes"));
	table_add(t, json_get_string(step, "nodeList"));
	table_add_elapsed(t, job_time(json_get_string(step, "startTime")), end ? end : time(NULL));
	add_end(t, step);
	table_add(t, json_get_string(step, "container"));
}

int steps_run(struct call *call, struct error *err)
{
	static const char *const heads[] = { "STEP",	 "NAME",    "STATE", "TASKS",	 "NODES",
					     "NODELIST", "ELAPSED", "EXIT",  "CONTAINER" };
	_cleanup_(table_free) struct table t = { .columns = ARRAY_SIZE(heads) };
	_cleanup_(job_free) struct job job;
	struct json_object *steps;

	if (job_find(&call->kubectl, call->words[0], &job, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		table_add(&t, heads[i]);
	steps = json_get(job.object, "status.steps");
	for (size_t i = 0; i < json_length(steps); i++) {
		struct json_object *step = json_object_array_get_idx(steps, i);

		if (is_of_task(json_get_string(step, "id"), job.task))
			add_step(&t, step);
	}
	if (t.n > t.columns)
		table_print(&t);
	else
		fprintf(stderr, "%s has no steps%s.\n", job.name,
			json_get_string(job.object, "status.startTime") ? ""
									: ": it has not begun");
	return 0;
}
