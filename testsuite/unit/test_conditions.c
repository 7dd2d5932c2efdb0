/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <ctype.h>

#include "common/json.h"
#include "sample_job.h"
#include "sync-agent/mirror/conditions.h"

static struct json_object *find(struct json_object *list, const char *type)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *c = json_object_array_get_idx(list, i);

		if (!strcmp(json_get_string(c, "type"), type))
			return c;
	}
	return NULL;
}

/* What the API's conventions ask of every condition. */
static void assert_proper(struct json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *c = json_object_array_get_idx(list, i);
		const char *reason = json_get_string(c, "reason");

		assert_ptr_equal(find(list, json_get_string(c, "type")), c);
		assert_true(isalpha((unsigned char)reason[0]));
		for (const char *p = reason; *p; p++)
			assert_true(isalnum((unsigned char)*p) || *p == '_');
		assert_true(json_get_string(c, "message")[0]);
		assert_int_equal(strlen(json_get_string(c, "lastTransitionTime")), 20);
	}
}

static void check(struct json_object *list, const char *type, const char *expected)
{
	struct json_object *c = find(list, type);
	char text[600] = "";

	if (c)
		snprintf(text, sizeof(text), "%s %s: %s", json_get_string(c, "status"),
			 json_get_string(c, "reason"), json_get_string(c, "message"));
	assert_string_equal(text, expected ? expected : "");
}

static struct json_object *conditions(struct job *job, const struct synced *synced)
{
	_cleanup_free_ struct job_group *group = sample_group(job, 1);
	_cleanup_(view_free) struct view v = { 0 };
	struct view_before before = { 0 };

	assert_int_equal(view_make("tux", group, &before, &v), 0);
	return conditions_of(&v, synced);
}

static void test_states(void **state)
{
	static const struct {
		const char *state, *reason, *desc;
		uint64_t exit_status;
		const char *scheduled, *running, *complete, *failed;
	} rows[] = {
		{ "PENDING", "Resources", "", 0, "False Resources: Resources", "False PENDING: PENDING" },
		{ "PENDING", "None", "", 0, "False Pending: Pending", "False PENDING: PENDING" },
		{ "PENDING", "", "", 0, "False Pending: Pending", "False PENDING: PENDING" },
		{ "PENDING", "ReqNodeNotAvail", "Nodes required for job are DOWN", 0,
		  "False ReqNodeNotAvail: Nodes required for job are DOWN", "False PENDING: PENDING" },
		{ "PENDING", "Nodes required for job are DOWN", "", 0,
		  "False Pending: Nodes required for job are DOWN", "False PENDING: PENDING" },
		{ "PENDING", "launch failed requeued held", "", 0,
		  "False Pending: launch failed requeued held", "False PENDING: PENDING" },
		{ "PENDING", "a,b", "", 0, "False Pending: a,b", "False PENDING: PENDING" },
		{ "PENDING", "7Up", "", 0, "False Pending: 7Up", "False PENDING: PENDING" },
		{ "RUNNING", "None", "", 0, "True Allocated: n1", "True RUNNING: RUNNING" },
		{ "SUSPENDED", "None", "", 0, "True Allocated: n1", "False SUSPENDED: SUSPENDED" },
		{ "COMPLETING", "None", "", 0, "True Allocated: n1", "False COMPLETING: COMPLETING" },
		{ "COMPLETED", "None", "", 0, "True Allocated: n1", "False COMPLETED: COMPLETED",
		  "True COMPLETED: COMPLETED" },
		{ "FAILED", "NonZeroExitCode", "", 3 << 8, "True Allocated: n1", "False FAILED: FAILED",
		  NULL, "True FAILED: exit code 3" },
		{ "FAILED", "None", "", 9, "True Allocated: n1", "False FAILED: FAILED", NULL,
		  "True FAILED: killed by signal 9" },
		{ "TIMEOUT", "TimeLimit", "", 0, "True Allocated: n1", "False TIMEOUT: TIMEOUT", NULL,
		  "True TIMEOUT: TimeLimit" },
		{ "OUT_OF_MEMORY", "OutOfMemory", "", 0, "True Allocated: n1",
		  "False OUT_OF_MEMORY: OUT_OF_MEMORY", NULL, "True OUT_OF_MEMORY: OutOfMemory" },
		{ "NODE_FAIL", "None", "", 0, "True Allocated: n1", "False NODE_FAIL: NODE_FAIL", NULL,
		  "True NODE_FAIL: NODE_FAIL" },
		{ "DEADLINE", "DeadLine", "", 0, "True Allocated: n1", "False DEADLINE: DEADLINE", NULL,
		  "True DEADLINE: DeadLine" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *list = NULL;
		struct job job = sample_job(5);
		struct synced synced = { 0 };

		if (strcmp(rows[i].state, "PENDING"))
			sample_start(&job);
		if (!strcmp(rows[i].state, "SUSPENDED") || !strcmp(rows[i].state, "COMPLETING"))
			job.state = rows[i].state;
		else if (strcmp(rows[i].state, "PENDING") && strcmp(rows[i].state, "RUNNING"))
			sample_end(&job, rows[i].state, rows[i].exit_status);
		job.reason = rows[i].reason;
		job.state_desc = rows[i].desc;
		row("%s %s", rows[i].state, rows[i].reason);
		list = conditions(&job, &synced);
		assert_proper(list);
		check(list, "Accepted", "True Submitted: Slurm has the job");
		check(list, "Scheduled", rows[i].scheduled);
		check(list, "Running", rows[i].running);
		check(list, "Complete", rows[i].complete);
		check(list, "Failed", rows[i].failed);
		check(list, "Synced", "True InSync: spec and Slurm agree");
	}
}

/* Cancelled before it ran: never scheduled. */
static void test_cancelled_in_queue(void **state)
{
	_cleanup_json_ struct json_object *list = NULL;
	struct job job = sample_job(5);
	struct synced synced = { 0 };

	job.state = "CANCELLED";
	job.phase = PHASE_FAILED;
	job.reason = "None";
	job.end = SAMPLE_SUBMIT + 5;
	list = conditions(&job, &synced);
	assert_proper(list);
	check(list, "Scheduled", "False CANCELLED: CANCELLED");
	check(list, "Failed", "True CANCELLED: CANCELLED");
	assert_string_equal(json_get_string(find(list, "Failed"), "lastTransitionTime"),
			    "2023-11-14T22:13:25Z");
}

static void test_synced(void **state)
{
	_cleanup_json_ struct json_object *list = NULL;
	struct job job = sample_job(5);
	struct synced synced = { .refused = true, .reason = "Refused",
				 .message = "Slurm says \xff no", .since = SAMPLE_SUBMIT + 7 };

	list = conditions(&job, &synced);
	assert_proper(list);
	check(list, "Synced", "False Refused: Slurm says ? no");
	assert_string_equal(json_get_string(find(list, "Synced"), "lastTransitionTime"),
			    "2023-11-14T22:13:27Z");
	json_object_put(list);
	synced.reason[0] = synced.message[0] = '\0';
	list = conditions(&job, &synced);
	assert_proper(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_cancelled_in_queue),
		cmocka_unit_test(test_synced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
