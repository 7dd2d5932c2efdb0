/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "common/json.h"
#include "sync-agent/mirror/output.h"

static void test_patterns(void **state)
{
	static const struct output_names job = { .job_id = 42, .job_name = "my job", .user = "alice",
						 .node = "node1" };
	static const struct output_names task = { .job_id = 45, .array_id = 42, .array_task = 7,
						  .job_name = "a", .user = "bob" };
	static const struct output_names unknown = { .array_id = 42, .array_task = 7,
						     .no_job_id = true, .job_name = "a", .user = "b" };
	/* What slurmd 22.05 made of them. */
	static const struct {
		const struct output_names *names;
		const char *pattern, *path;
	} rows[] = {
		{ &job, "/tmp/plain", "/tmp/plain" },
		{ &job, "/tmp/o-%j-%4j-%x-%u-%N-%n-%t-%J-%s-%A-%a-%%j-%q.%5.out",
		  "/tmp/o-42-0042-my job-alice-node1-0-0-42-batch-42-4294967294-%j-%q.5.out" },
		{ &job, "/tmp/b\\%j-x", "/tmp/b%j-x" },
		{ &job, "/tmp/b\\\\c-%j", "/tmp/b\\c-%j" },
		{ &job, "/%12j", "/0000000042" },
		{ &job, "/%99999999999999999999j", "/0000000042" },
		{ &job, "/%12q%", "/2q%" },
		{ &job, "/%3", "/3" },
		{ &job, "/%3u%2N%0j", "/alicenode142" },
		{ &job, "%%%j%%", "%42%" },
		{ &task, "slurm-%A_%a.out", "slurm-42_7.out" },
		{ &task, "/ar-%j-%A-%a-%3a-%N", "/ar-45-42-7-007-%N" },
		{ &unknown, "/%j-%4J-%a", "/%j-4J-7" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *path = output_expand(rows[i].pattern, rows[i].names);

		if (!path || strcmp(path, rows[i].path))
			row("%s: %s", rows[i].pattern, path ? path : "NULL");
		assert_string_equal(path, rows[i].path);
		free(path);
	}
}

static void test_too_long(void **state)
{
	static char pattern[8192];
	struct output_names names = { .job_name = "", .user = "" };

	memset(pattern, 'x', sizeof(pattern) - 1);
	assert_null(output_expand(pattern, &names));
	pattern[5] = '\\';
	assert_null(output_expand(pattern, &names));
}

static const char job[] =
	"{\"metadata\":{\"name\":\"lab-42\"},\"status\":{\"jobId\":42,\"uid\":1001,\"user\":\"alice\",\"state\":\"RUNNING\","
	"\"startTime\":\"2026-01-01T12:00:00Z\",\"stdout\":\"/home/a/out\",\"stderr\":\"/home/a/err\"}}";
static const char ended[] =
	"{\"status\":{\"jobId\":42,\"uid\":1001,\"state\":\"FAILED\",\"stdout\":\"/o\",\"stderr\":\"/o\","
	"\"conditions\":[{\"type\":\"Accepted\"},{\"type\":\"Failed\",\"status\":\"True\"}]}}";
static const char pending[] = "{\"status\":{\"jobId\":42,\"uid\":1001,\"state\":\"PENDING\",\"stdout\":\"/o\"}}";
static const char terminal[] = "{\"status\":{\"jobId\":42,\"uid\":1001,\"state\":\"RUNNING\"}}";
static const char early[] = "{\"spec\":{},\"status\":{}}";
static const char array[] =
	"{\"status\":{\"jobId\":42,\"uid\":1001,\"user\":\"alice\",\"state\":\"RUNNING\","
	"\"array\":{\"total\":5,\"pending\":2,\"running\":1,\"completedIndexes\":\"2\",\"failedIndexes\":\"4\"},"
	"\"current\":{\"array\":\"2-10:2%1\",\"workingDir\":\"/home/a\",\"error\":\"/e/%a\",\"jobName\":\"x\"}}}";
static const char none_yet[] =
	"{\"status\":{\"jobId\":42,\"uid\":1001,\"state\":\"PENDING\",\"array\":{\"total\":2,\"pending\":2},"
	"\"current\":{\"array\":\"0,1\",\"workingDir\":\"/w\",\"output\":\"/x/%A.%4a\"}}}";

static void test_find(void **state)
{
	static const struct {
		const char *object, *container, *path;
		int code; /* of the error, if path is NULL */
		enum output_state state;
	} rows[] = {
		{ job, "stdout", "/home/a/out", 0, OUTPUT_RUNNING },
		{ job, "stderr", "/home/a/err", 0, OUTPUT_RUNNING },
		{ job, "task-1", NULL, 404, 0 },
		{ job, "stdin", NULL, 404, 0 },
		{ job, "stdout-", NULL, 404, 0 },
		{ ended, "stdout", "/o", 0, OUTPUT_ENDED },
		{ pending, "stdout", "/o", 0, OUTPUT_PENDING },
		{ terminal, "stdout", NULL, 400, 0 },
		{ early, "stdout", NULL, 400, 0 },
		{ array, "task-2", "/home/a/slurm-42_2.out", 0, OUTPUT_ENDED },
		{ array, "task-4", "/home/a/slurm-42_4.out", 0, OUTPUT_ENDED },
		{ array, "task-6", "/home/a/slurm-42_6.out", 0, OUTPUT_RUNNING },
		{ array, "task-8", "/home/a/slurm-42_8.out", 0, OUTPUT_PENDING },
		{ array, "stderr-6", "/e/6", 0, OUTPUT_RUNNING },
		{ array, "stdout", "/home/a/slurm-42_6.out", 0, OUTPUT_RUNNING },
		{ array, "stderr", "/e/6", 0, OUTPUT_RUNNING },
		{ array, "stderr-x", NULL, 404, 0 },
		{ array, "stderr-", NULL, 404, 0 },
		{ array, "task-99999999999999999999", NULL, 404, 0 },
		{ none_yet, "stdout", NULL, 400, 0 },
		{ none_yet, "task-1", "/x/42.0001", 0, OUTPUT_PENDING },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json_object *o = json_parse(rows[i].object, strlen(rows[i].object), NULL);
		struct output output;
		struct error err = { 0 };
		int rc;

		assert_non_null(o);
		rc = output_find(o, rows[i].container, &output, &err);
		json_object_put(o);
		if ((rc < 0) != !rows[i].path)
			row("%zu %s: %s", i, rows[i].container, rc < 0 ? err.text : output.path);
		assert_int_equal(rc, rows[i].path ? 0 : -1);
		assert_int_equal(err.code, rows[i].code);
		if (rc < 0)
			continue;
		assert_string_equal(output.path, rows[i].path);
		assert_int_equal(output.state, rows[i].state);
		assert_int_equal(output.uid, 1001);
		output_free(&output);
	}
}

static void test_tasks(void **state)
{
	assert_int_equal(output_task("task-7"), 7);
	assert_int_equal(output_task("stderr-7"), 7);
	assert_int_equal(output_task("stdout"), -1);
	assert_int_equal(output_task("x"), -1);
	assert_true(output_task_in("0-9,12", 12));
	assert_false(output_task_in("0-9,12", 11));
	assert_false(output_task_in(NULL, 1));
	assert_false(output_task_in("0-9", -1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_tasks),
	};

	return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
