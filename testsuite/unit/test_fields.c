/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "common/json.h"
#include "sample_job.h"
#include "sync-agent/mirror/fields.h"

#define DIGEST "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct json_object *parse(const char *text)
{
	return strcmp(text, "null") ? json_parse(text, strlen(text), NULL) : NULL;
}

static void test_same(void **state)
{
	static const struct {
		const char *field, *a, *b;
		bool same;
	} rows[] = {
		{ "timeLimit", "\"60\"", "\"1:00:00\"", true },
		{ "timeLimit", "60", "\"01:00:00\"", true },
		{ "timeLimit", "60", "\"60\"", true },
		{ "timeLimit", "\"60:00\"", "\"0-1\"", true },
		{ "timeLimit", "\"59:01\"", "\"60\"", true },
		{ "timeLimit", "\"60\"", "\"61\"", false },
		{ "timeLimit", "\"UNLIMITED\"", "\"infinite\"", true },
		{ "timeLimit", "\"UNLIMITED\"", "-1", true },
		{ "timeLimit", "\"soon\"", "\"60\"", false },
		{ "timeLimit", "\"soon\"", "\"soon\"", true },
		{ "timeLimit", "\"\"", "null", true },
		{ "timeLimit", "\"60\"", "null", false },
		{ "timeLimit", "{}", "\"60\"", false },
		{ "nodes", "2", "\"2\"", true },
		{ "nodes", "\"2-4\"", "\"2\"", false },
		{ "tasks", "2", "2", true },
		{ "tasks", "2", "3", false },
		{ "tasks", "0", "null", false },
		{ "hold", "true", "true", true },
		{ "hold", "true", "false", false },
		{ "hold", "false", "null", false },
		{ "nodes", "\"2-2\"", "2", true },
		{ "nodes", "\"1k\"", "1024", true },
		{ "suspend", "false", "null", true },
		{ "suspend", "true", "null", false },
		{ "nice", "0", "null", true },
		{ "nice", "-5", "null", false },
		{ "priority", "0", "null", false },
		{ "memoryPerNode", "\"4G\"", "\"4096M\"", true },
		{ "memoryPerNode", "4096", "\"4g\"", true },
		{ "memoryPerNode", "0", "null", true },
		{ "memoryPerCpu", "\"much\"", "null", false },
		{ "begin", "\"2026-01-01T10:00\"", "\"2026-01-01T10:00:00\"", true },
		{ "begin", "\"now\"", "\"2026-01-01T10:00:00\"", false },
		{ "begin", "\"now\"", "\"now\"", true },
		{ "requeueRequestedAt", "\"2026-01-01T10:00:00Z\"", "\"2026-01-01T11:00:00+01:00\"", true },
		{ "requeueRequestedAt", "\"2026-01-01T10:00:00Z\"", "\"2026-01-01T10:00:01Z\"", false },
		{ "array", "\"0-3\"", "\"0,1-2,3\"", true },
		{ "array", "\"0-3%0\"", "\"0-3\"", true },
		{ "array", "\"0-6:2%2\"", "\"0,2,4,6%2\"", true },
		{ "array", "\"0-3%2\"", "\"0-3\"", false },
		{ "array", "\"0-3\"", "\"0-4\"", false },
		{ "array", "\"x\"", "\"y\"", false },
		{ "dependency", "\"afterok:7:8\"", "\"afterok:7,afterok:8\"", true },
		{ "dependency", "\"afterok:7?afterany:8:9\"", "\"afterok:7?afterany:8,afterany:9\"", false },
		{ "dependency", "\"afterok:7?afterany:8:9\"", "\"afterok:7?afterany:8:9\"", true },
		{ "dependency", "\"singleton\"", "\"singleton\"", true },
		{ "dependency", "\"afterok:7\"", "\"afterok:8\"", false },
		{ "dependency", "\",\"", "\"?\"", false },
		{ "gres", "\"gpu\"", "\"gpu:1\"", true },
		{ "gres", "\"gpu:a100\"", "\"gpu:a100:1\"", true },
		{ "gres", "\"gpu:2,nvme\"", "\"gpu:2,nvme:1\"", true },
		{ "gres", "\"gpu:2\"", "\"gpu:1\"", false },
		{ "tresPerNode", "\"gres:gpu:2\"", "\"gres/gpu:2\"", true },
		{ "tresPerJob", "\"gres/gpu=2\"", "\"gres:gpu=2\"", true },
		{ "comment", "\"a\"", "\"a\"", true },
		{ "comment", "\"a\"", "\"A\"", false },
		{ "comment", "\"\"", "null", true },
		{ "comment", "null", "null", true },
		{ "comment", "\" \"", "null", false },
		{ "comment", "[1]", "{\"a\":1}", false },
		{ "comment", "null", "[]", false },
		{ "container", "{\"image\":\"x\"}", "{\"image\":\"x\"}", true },
		{ "container", "{\"image\":\"x\",\"workdir\":\"/\"}", "{\"workdir\":\"/\",\"image\":\"x\"}",
		  true },
		{ "container", "{\"image\":\"x\"}", "{\"image\":\"y\"}", false },
		{ "container", "{\"image\":\"x\"}", "{\"image\":\"x\",\"workdir\":\"/\"}", false },
		{ "container", "{}", "null", false },
		{ "container", "{\"image\":\"docker://x\"}", "{\"image\":\"docker://x" DIGEST "\"}", true },
		{ "container", "{\"image\":\"docker://x" DIGEST "\",\"workdir\":\"/\"}",
		  "{\"workdir\":\"/\",\"image\":\"docker://x\"}", true },
		{ "container", "{\"image\":\"docker://x\",\"workdir\":\"/\"}", "{\"image\":\"docker://x" DIGEST "\"}",
		  false },
		{ "container", "{\"image\":\"docker://x:1\"}", "{\"image\":\"docker://x" DIGEST "\"}", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct field *f = field_find(rows[i].field);
		_cleanup_json_ struct json_object *a = parse(rows[i].a), *b = parse(rows[i].b);

		assert_non_null(f);
		if (field_same(f, a, b) != rows[i].same)
			row("%s: %s, %s", rows[i].field, rows[i].a, rows[i].b);
		assert_int_equal(field_same(f, a, b), rows[i].same);
		assert_int_equal(field_same(f, b, a), rows[i].same);
		assert_true(field_same(f, a, a));
	}
}

static void test_find(void **state)
{
	assert_null(field_find(""));
	assert_null(field_find("deletionPolicy"));
	assert_null(field_find("jobname"));
	assert_true(field_is_objects_own("deletionPolicy"));
	assert_false(field_is_objects_own("jobName"));
	for (size_t i = 0; i < n_fields; i++) {
		assert_ptr_equal(field_find(fields[i].name), &fields[i]);
		assert_false(field_is_objects_own(fields[i].name));
		if (fields[i].whole)
			assert_int_equal(fields[i].edit, EDIT_IMMUTABLE);
	}
}

static struct json_object *now_of(struct job *job)
{
	_cleanup_free_ struct job_group *group = sample_group(job, 1);
	_cleanup_(view_free) struct view v = { 0 };
	struct view_before before = { 0 };

	assert_int_equal(view_make("tux", group, &before, &v), 0);
	return fields_now(&v);
}

/* A change to the sample job, and what that makes of a field. */
static void test_now(void **state)
{
	static const struct {
		const char *field, *value;
		size_t offset; /* of a number */
		uint64_t number;
		size_t text_offset;
		const char *text;
	} rows[] = {
#define NUMBER(member, n) offsetof(struct job, member), n, 0, NULL
#define TEXT(member, s) 0, 0, offsetof(struct job, member), s
		{ "cluster", "\"tux\"" },
		{ "jobName", "\"sample\"" },
		{ "jobName", "\"caf?\"", TEXT(name, "caf\xe9") },
		{ "comment", NULL },
		{ "comment", "\"a \\\"b\\\"\"", TEXT(comment, "a \"b\"") },
		{ "timeLimit", "\"01:00:00\"" },
		{ "timeLimit", "\"UNLIMITED\"", NUMBER(time_limit, JOB_UNLIMITED) },
		{ "timeLimit", NULL, NUMBER(time_limit, JOB_NONE) },
		{ "timeLimit", "\"2-12:00:00\"", NUMBER(time_limit, 3600) },
		{ "hold", "false" },
		{ "nodes", "\"1\"" },
		{ "nodes", NULL, NUMBER(nodes, JOB_NONE) },
		{ "nodes", NULL, NUMBER(nodes, 0) },
		{ "nodes", "\"1-4\"", NUMBER(max_nodes, 4) },
		{ "nodes", "\"1\"", NUMBER(max_nodes, JOB_UNLIMITED) },
		{ "tasks", "1" },
		{ "tasks", NULL, NUMBER(tasks, JOB_NONE) },
		{ "tasksPerNode", NULL },
		{ "memoryPerNode", "\"512M\"" },
		{ "memoryPerCpu", NULL },
		{ "memoryPerCpu", "\"100M\"", NUMBER(memory, (UINT64_C(1) << 63) | 100) },
		{ "memoryPerNode", NULL, NUMBER(memory, (UINT64_C(1) << 63) | 100) },
		{ "memoryPerNode", NULL, NUMBER(memory, JOB_NONE) },
		{ "memoryPerCpu", NULL, NUMBER(memory, JOB_NONE) },
		{ "memoryPerCpu", NULL, NUMBER(memory, JOB_UNLIMITED) },
		{ "memoryPerCpu", NULL, NUMBER(memory, UINT64_C(1) << 63) },
		{ "nice", NULL },
		{ "nice", "5", NUMBER(nice, (UINT64_C(1) << 31) + 5) },
		{ "nice", "-5", NUMBER(nice, (UINT64_C(1) << 31) - 5) },
		{ "priority", NULL },
		{ "begin", NULL },
		{ "suspend", NULL },
		{ "suspend", "true", TEXT(state, "SUSPENDED") },
		{ "requeueRequestedAt", NULL },
		{ "gres", NULL },
		{ "gres", "\"gpu:2,nvme\"", TEXT(tres_per_node, "gres:gpu:2,gres/nvme") },
		{ "gres", NULL, TEXT(tres_per_node, "license:x") },
		{ "dependency", "\"afterok:7,singleton\"",
		  TEXT(dependency, "afterok:7(unfulfilled),singleton(unfulfilled)") },
		{ "container", NULL },
		{ "container", "{\"image\":\"/images/a\"}", TEXT(container, "/images/a") },
		{ "container", "{\"image\":\"docker://x:1\"}", TEXT(container, "docker://x:1" DIGEST) },
		{ "container", "{\"image\":\"docker://x" DIGEST "\"}", TEXT(container, "docker://x" DIGEST) },
		{ "container", "{\"image\":\"oci:/l:t\"}", TEXT(container, "oci:/l:t" DIGEST) },
		{ "script", NULL },
		{ "environment", NULL },
		{ "array", NULL },
		{ "output", "\"/o\"", TEXT(std_out, "/o") },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *now = NULL;
		struct job job = sample_job(5);
		const char *value;

		if (rows[i].offset)
			memcpy((char *)&job + rows[i].offset, &rows[i].number, sizeof(uint64_t));
		if (rows[i].text_offset)
			memcpy((char *)&job + rows[i].text_offset, &rows[i].text,
			       sizeof(rows[i].text));
		now = now_of(&job);
		value = json_get(now, rows[i].field) ?
				json_object_to_json_string_ext(json_get(now, rows[i].field),
							       JSON_C_TO_STRING_PLAIN |
								       JSON_C_TO_STRING_NOSLASHESCAPE) :
				NULL;
		if (!value != !rows[i].value || (value && strcmp(value, rows[i].value)))
			row("%zu %s: %s", i, rows[i].field, value ? value : "(none)");
		assert_int_equal(!value, !rows[i].value);
		if (value)
			assert_string_equal(value, rows[i].value);
	}
}

/* Fields that Slurm doesn't tell: as remembered, for as long as Slurm agrees. */
static void test_kept(void **state)
{
	_cleanup_json_ struct json_object *current =
		parse("{\"priority\":100,\"comment\":\"x\",\"requeueRequestedAt\":\"2026-01-01T00:00:00Z\"}");
	_cleanup_json_ struct json_object *accepted = parse("{\"priority\":200}");
	struct job job = sample_job(5);
	_cleanup_free_ struct job_group *group = sample_group(&job, 1);

	for (int i = 0; i < 2; i++) {
		_cleanup_json_ struct json_object *kept = fields_kept(current, i ? accepted : NULL);
		_cleanup_(view_free) struct view v = { 0 };
		struct view_before before = { .kept = kept };
		_cleanup_json_ struct json_object *now = NULL;

		assert_null(json_get(kept, "comment"));
		assert_int_equal(view_make("tux", group, &before, &v), 0);
		now = fields_now(&v);
		/* The sample's is 100. */
		assert_int_equal(json_get_int(now, "priority", 0), i ? 0 : 100);
		assert_string_equal(json_get_string(now, "requeueRequestedAt"), "2026-01-01T00:00:00Z");
	}
}

static void test_actions(void **state)
{
	static const char *const good[] = { "hold", "release", "suspend", "resume", "requeue",
					    "cancel", "priority", "timeLimit", "array" };
	static const char *const bad[] = { "", "sudo", "script", "workingDir", "requeueRequestedAt",
					   "deletionPolicy" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(field_is_action(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(field_is_action(bad[i]));
}

/* The index list of an array is whole or not there; a part of it would be another array. */
static void test_array(void **state)
{
	static char long_list[5000], too_long[20000];
	const struct {
		const char *tasks;
		uint64_t throttle;
		const char *array;
	} rows[] = {
		{ "0-9%4", 4, "0-9%4" },
		{ "0-9", 0, "0-9" },
		{ "0-9", JOB_NONE, "0-9" },
		{ "1-9:2", 0, "1,3,5,7,9" },
		{ long_list, 0, long_list },
		{ too_long, 0, NULL },
	};

	for (int i = 0; i < 700; i++)
		sprintf(long_list + strlen(long_list), "%s%d", i ? "," : "", 1000 + 2 * i);
	for (int i = 0; i < 3000; i++)
		sprintf(too_long + strlen(too_long), "%s%d", i ? "," : "", 1000 + 2 * i);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *now = NULL;
		struct job job = sample_job(5);

		job.array_id = 5;
		job.array_tasks = rows[i].tasks;
		job.array_throttle = rows[i].throttle;
		now = now_of(&job);
		if (rows[i].array)
			assert_string_equal(json_get_string(now, "array"), rows[i].array);
		else
			assert_null(json_get(now, "array"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_now),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
