/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "sample_job.h"
#include "sync-agent/mirror/view.h"

#define MAX_PARTS 5

/* One record of a group. task -1: the array's own, whose pending tasks are `tasks`. */
struct part {
	const char *state;
	int task;
	const char *tasks;
	uint64_t exit_status, start, end;
};

static struct job part_job(const struct part *part, uint64_t id)
{
	struct job job = sample_job(id);

	if (part->task >= 0)
		job.array_task = part->task;
	else
		job.array_tasks = part->tasks ? part->tasks : "";
	if (!strcmp(part->state, "PENDING"))
		job.start = part->start;
	else
		sample_start(&job);
	if (!strcmp(part->state, "SUSPENDED") || !strcmp(part->state, "COMPLETING"))
		job.state = part->state;
	else if (strcmp(part->state, "PENDING") && strcmp(part->state, "RUNNING"))
		sample_end(&job, part->state, part->exit_status);
	if (part->start)
		job.start = part->start;
	if (part->end)
		job.end = part->end;
	return job;
}

static size_t make(const struct part *parts, struct job *jobs, bool array)
{
	size_t n = 0;

	for (; n < MAX_PARTS && parts[n].state; n++) {
		jobs[n] = part_job(&parts[n], 100 + n);
		if (array)
			jobs[n].array_id = 100;
		else if (parts[1].state)
			jobs[n].het_id = 100, jobs[n].het_offset = n;
	}
	return n;
}

static void check_set(const struct indexes *set, const char *expected)
{
	_cleanup_free_ char *text = indexes_format(set);

	assert_string_equal(text, expected ? expected : "");
}

static void test_arrays(void **state)
{
	static const struct {
		const char *what;
		struct part parts[MAX_PARTS];
		const char *before_completed, *before_failed;
		const char *state, *all, *pending, *running, *completed, *failed;
	} rows[] = {
		{ "all pending", { { "PENDING", -1, "0-9%4" } }, NULL, NULL,
		  "PENDING", "0-9", "0-9", "", "", "" },
		{ "one runs", { { "PENDING", -1, "1-9" }, { "RUNNING", 0 } }, NULL, NULL,
		  "RUNNING", "0-9", "1-9", "0", "", "" },
		{ "one has ended", { { "PENDING", -1, "2-9" }, { "RUNNING", 1 }, { "COMPLETED", 0 } },
		  NULL, NULL, "RUNNING", "0-9", "2-9", "1", "0", "" },
		{ "between tasks", { { "PENDING", -1, "2-9" }, { "COMPLETED", 1 }, { "FAILED", 0 } },
		  NULL, NULL, "PENDING", "0-9", "2-9", "", "1", "0" },
		{ "runs beats suspended", { { "SUSPENDED", 0 }, { "RUNNING", 1 } }, NULL, NULL,
		  "RUNNING", "0-1", "", "0-1", "", "" },
		{ "ended tasks are forgotten", { { "RUNNING", 9 } }, "0-6", "7,8",
		  "RUNNING", "0-9", "", "9", "0-6", "7-8" },
		{ "a failure that is forgotten counts", { { "COMPLETED", 9 } }, "0-7", "8",
		  "FAILED", "0-9", "", "", "0-7,9", "8" },
		{ "a completed task is requeued", { { "PENDING", -1, "0" }, { "RUNNING", 1 } }, "0-3", "",
		  "RUNNING", "0-3", "0", "1", "2-3", "" },
		{ "a failed task is requeued and completes", { { "COMPLETED", 0 } }, "", "0",
		  "COMPLETED", "0", "", "", "0", "" },
		{ "a completed task is requeued and fails", { { "FAILED", 0 } }, "0-1", "",
		  "FAILED", "0-1", "", "", "1", "0" },
		{ "the worst speaks", { { "COMPLETED", 0 }, { "CANCELLED", 1 }, { "TIMEOUT", 2 } },
		  NULL, NULL, "TIMEOUT", "0-2", "", "", "0", "1-2" },
		{ "cancelled beats completed", { { "COMPLETED", 0 }, { "CANCELLED", 1 } }, NULL, NULL,
		  "CANCELLED", "0-1", "", "", "0", "1" },
		{ "the object says nonsense", { { "RUNNING", 0 } }, "0-", "9-1,x",
		  "RUNNING", "0", "", "0", "", "" },
		{ "the object says both", { { "RUNNING", 0 } }, "0-3", "2-5",
		  "RUNNING", "0-5", "", "0", "1-3", "4-5" },
		{ "Slurm cuts its list", { { "PENDING", -1, "0,2,4,..." }, { "RUNNING", 7 } }, NULL, NULL,
		  "RUNNING", "7", "", "7", "", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct view_before before = { .completed = rows[i].before_completed,
					      .failed = rows[i].before_failed };
		struct job jobs[MAX_PARTS];
		_cleanup_free_ struct job_group *group =
			sample_group(jobs, make(rows[i].parts, jobs, true));
		_cleanup_(view_free) struct view v = { 0 };

		row("%s", rows[i].what);
		group->key = jobs[0].array_id;
		assert_int_equal(view_make("tux", group, &before, &v), 0);
		assert_true(v.is_array);
		assert_string_equal(v.state, rows[i].state);
		check_set(&v.all, rows[i].all);
		check_set(&v.pending, rows[i].pending);
		check_set(&v.running, rows[i].running);
		check_set(&v.completed, rows[i].completed);
		check_set(&v.failed, rows[i].failed);
	}
}

/* When the whole started and ended, with what exit status, who cancelled it. */
static void test_times(void **state)
{
	static const struct {
		const char *what;
		struct part parts[MAX_PARTS];
		uint64_t before_start;
		const char *before_failed;
		uint64_t start, end, exit_status;
	} rows[] = {
		{ "pending, with an estimate", { { "PENDING", -1, "0-1", 0, 5000 } }, 0, NULL, 0, 0, 0 },
		{ "its own record is pending yet",
		  { { "PENDING", -1, "2", 0, 9000 }, { "RUNNING", 0, NULL, 0, 2000, 7000 },
		    { "RUNNING", 1, NULL, 0, 1000, 6000 } }, 0, NULL, 1000, 7000, 0 },
		{ "the first is forgotten", { { "RUNNING", 1, NULL, 0, 2000, 6000 } }, 1000, NULL, 1000,
		  6000, 0 },
		{ "requeued as a whole", { { "PENDING", -1, "0-1" } }, 1000, NULL, 0, 0, 0 },
		{ "the worst part's exit",
		  { { "COMPLETED", 0, NULL, 0, 1, 20 }, { "FAILED", 1, NULL, 256, 2, 10 } }, 0, NULL, 1,
		  20, 256 },
		{ "a forgotten failure's exit", { { "COMPLETED", 0, NULL, 0, 1, 20 } }, 0, "3", 1, 20,
		  JOB_NONE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct view_before before = { .start = rows[i].before_start,
					      .failed = rows[i].before_failed };
		struct job jobs[MAX_PARTS];
		_cleanup_free_ struct job_group *group =
			sample_group(jobs, make(rows[i].parts, jobs, true));
		_cleanup_(view_free) struct view v = { 0 };

		row("%s", rows[i].what);
		assert_int_equal(view_make("tux", group, &before, &v), 0);
		assert_int_equal(v.start, rows[i].start);
		assert_int_equal(v.end, rows[i].end);
		assert_true(v.exit_status == rows[i].exit_status);
	}
}

static void test_others(void **state)
{
	static const struct {
		const char *what;
		struct part parts[MAX_PARTS];
		const char *state;
	} rows[] = {
		{ "a job", { { "PENDING", -1 } }, "PENDING" },
		{ "a job that ended", { { "OUT_OF_MEMORY", -1 } }, "OUT_OF_MEMORY" },
		{ "het, all run", { { "RUNNING", -1 }, { "RUNNING", -1 } }, "RUNNING" },
		{ "het, one ends early", { { "COMPLETED", -1 }, { "RUNNING", -1 } }, "RUNNING" },
		{ "het, one fails", { { "COMPLETED", -1 }, { "FAILED", -1 } }, "FAILED" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct view_before before = { .completed = "0-9", .failed = "10", .start = 5 };
		struct job jobs[MAX_PARTS];
		_cleanup_free_ struct job_group *group =
			sample_group(jobs, make(rows[i].parts, jobs, false));
		_cleanup_(view_free) struct view v = { 0 };

		row("%s", rows[i].what);
		assert_int_equal(view_make("tux", group, &before, &v), 0);
		assert_false(v.is_array);
		assert_string_equal(v.state, rows[i].state);
		assert_int_equal(indexes_count(&v.all) + indexes_count(&v.failed), 0);
		assert_int_not_equal(v.start, 5);
	}
}

static void test_cancelled_by(void **state)
{
	struct view_before before = { .cancelled_by = "bob" };
	struct job job = sample_job(5);
	_cleanup_free_ struct job_group *group = sample_group(&job, 1);
	_cleanup_(view_free) struct view v = { 0 };

	assert_int_equal(view_make("tux", group, &before, &v), 0);
	assert_string_equal(v.cancelled_by, "bob");
	job.cancelled_by = "root";
	assert_int_equal(view_make("tux", group, &before, &v), 0);
	assert_string_equal(v.cancelled_by, "root");
	job.cancelled_by = "";
	before.cancelled_by = NULL;
	assert_int_equal(view_make("tux", group, &before, &v), 0);
	assert_string_equal(v.cancelled_by, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arrays),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_cancelled_by),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
