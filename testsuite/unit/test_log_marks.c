/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the runs of a requeued job end in its output. */
#include "unit.h"

#include "common/json.h"
#include "sync-agent/mirror/log_marks.h"

/* A SlurmJob of that status and spec, with that annotation. */
static struct json_object *job(const char *status, const char *spec, const char *marks)
{
	struct json_object *o = json_object_new_object(), *m = json_object_new_object();
	struct json_object *annotations = json_object_new_object();

	json_set_string(annotations, LOG_MARKS, marks);
	json_object_object_add(m, "annotations", annotations);
	json_object_object_add(o, "metadata", m);
	json_object_object_add(o, "status", json_parse(status, strlen(status), NULL));
	json_object_object_add(o, "spec", spec ? json_parse(spec, strlen(spec), NULL) : NULL);
	return o;
}

#define FILES "\"uid\":1001,\"stdout\":\"/o\",\"stderr\":\"/e\""
#define BEGAN "\"startTime\":\"1970-01-01T00:01:40Z\",\"nodeList\":\"n1\""
#define WAITS "{\"state\":\"PENDING\",\"restarts\":1," FILES "}"
#define RUNS "{\"state\":\"RUNNING\",\"restarts\":1," BEGAN "," FILES "}"
#define RUNS2 "{\"state\":\"RUNNING\",\"restarts\":2," BEGAN "," FILES "}"
#define RUN(n, at) "{\"restarts\":" #n ",\"at\":" #at ",\"stdout\":{\"bytes\":" #n "0},\"stderr\":{\"bytes\":" #n "1}}"

static void test_wanted(void **state)
{
	static const struct {
		const char *status, *marks;
		bool wanted;
	} rows[] = {
		{ WAITS, NULL, true },
		{ WAITS, "nonsense", true },
		{ WAITS, "{\"restarts\":1}", true },
		{ WAITS, "[" RUN(1, 50) "]", false },
		{ WAITS, "[" RUN(2, 50) "]", true },
		{ RUNS, NULL, false },
		{ "{\"state\":\"PENDING\"," FILES "}", NULL, false },
		{ "{\"state\":\"PENDING\",\"restarts\":1,\"stdout\":\"/o\"}", NULL, false },
		{ "{\"state\":\"PENDING\",\"restarts\":1,\"uid\":1001}", NULL, false },
		{ "{\"state\":\"PENDING\",\"restarts\":1,\"array\":{}," FILES "}", NULL, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *o = job(rows[i].status, NULL, rows[i].marks);
		_cleanup_json_ struct json_object *wanted = log_marks_wanted(o);

		row("%zu", i);
		assert_int_equal(wanted != NULL, rows[i].wanted);
		if (!wanted)
			continue;
		assert_int_equal(json_get_int(wanted, "restarts", 0), 1);
		assert_int_equal(json_get_int(wanted, "uid", 0), 1001);
		assert_string_equal(json_get_string(wanted, "stdout"), "/o");
		assert_string_equal(json_get_string(wanted, "stderr"), "/e");
	}
}

/* The file that both streams have is measured once. */
static void test_one_file(void **state)
{
	_cleanup_json_ struct json_object *o =
		job("{\"state\":\"PENDING\",\"restarts\":1,\"uid\":1001,\"stdout\":\"/o\",\"stderr\":\"/o\"}",
		    NULL, NULL);
	_cleanup_json_ struct json_object *wanted = log_marks_wanted(o);

	assert_null(json_get(wanted, "stderr"));
}

static void test_add(void **state)
{
	static const struct {
		const char *runs, *measured, *marks;
	} rows[] = {
		{ "[]", RUN(1, 5), "[" RUN(1, 5) "]" },
		{ "[]", RUN(2, 5), NULL },
		{ "[]", "{}", NULL },
		{ "[" RUN(9, 1) "]", RUN(1, 5), "[" RUN(9, 1) "," RUN(1, 5) "]" },
		{ "[" RUN(8, 1) "," RUN(9, 1) "]", RUN(1, 5), "[" RUN(9, 1) "," RUN(1, 5) "]" },
		{ "[1,2,3]", RUN(1, 5), "[3," RUN(1, 5) "]" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *wanted = json_object_new_object();
		_cleanup_json_ struct json_object *measured =
			json_parse(rows[i].measured, strlen(rows[i].measured), NULL);
		_cleanup_free_ char *marks = NULL;

		json_set_int(wanted, "restarts", 1);
		json_object_object_add(wanted, "runs",
				       json_parse(rows[i].runs, strlen(rows[i].runs), NULL));
		marks = log_marks_add(wanted, measured);
		row("%zu: %s", i, marks ? marks : "NULL");
		assert_int_equal(marks != NULL, rows[i].marks != NULL);
		if (marks)
			assert_string_equal(marks, rows[i].marks);
		assert_null(log_marks_add(NULL, measured));
	}
}

static void test_part(void **state)
{
	static const struct {
		const char *status, *spec, *marks;
		bool is_stderr, previous;
		int64_t from, to; /* -1: none; to -2: an error */
		const char *word;
	} rows[] = {
		/* The run before. */
		{ RUNS, NULL, "[" RUN(1, 50) "]", false, true, -1, 10, NULL },
		{ RUNS, NULL, "[" RUN(1, 50) "]", true, true, -1, 11, NULL },
		{ RUNS, NULL, "[{\"restarts\":1,\"at\":50,\"stdout\":{\"bytes\":10}}]", true, true, -1, 10, NULL },
		{ WAITS, NULL, "[" RUN(1, 50) "]", false, true, -1, 10, NULL },
		{ RUNS2, NULL, "[" RUN(1, 50) "," RUN(2, 99) "]", false, true, 10, 20, NULL },
		{ RUNS2, NULL, "[" RUN(2, 100) "]", false, true, -1, 20, NULL },
		{ RUNS2, NULL, "[" RUN(1, 50) "]", false, true, 0, -2, "didn't see" },
		{ RUNS2, NULL, "[" RUN(2, 101) "]", false, true, 0, -2, "didn't see" },
		{ RUNS, NULL, NULL, false, true, 0, -2, "didn't see" },
		{ RUNS, NULL, "[{\"restarts\":1,\"at\":50,\"stdout\":{}}]", false, true, 0, -2, "no output" },
		{ "{\"state\":\"PENDING\"," FILES "}", NULL, NULL, false, true, 0, -2, "not requeued" },
		{ "{\"state\":\"RUNNING\",\"array\":{}," FILES "}", NULL, NULL, false, true, 0, -2, "array" },
		/* This one. */
		{ RUNS, NULL, "[" RUN(1, 50) "]", false, false, 10, -1, NULL },
		{ RUNS, NULL, "[" RUN(1, 99) "]", true, false, 11, -1, NULL },
		{ RUNS, NULL, "[" RUN(1, 100) "]", false, false, -1, -1, NULL },
		{ RUNS2, NULL, "[" RUN(1, 50) "]", false, false, -1, -1, NULL },
		{ RUNS, NULL, NULL, false, false, -1, -1, NULL },
		{ WAITS, NULL, "[" RUN(1, 50) "]", false, false, -1, -1, NULL },
		/* Cancelled while it waited. */
		{ "{\"state\":\"CANCELLED\",\"restarts\":1,\"startTime\":\"1970-01-01T00:01:40Z\","
		  "\"endTime\":\"1970-01-01T00:01:40Z\",\"conditions\":[{\"type\":\"Failed\"}]," FILES "}",
		  NULL, "[" RUN(1, 50) "]", false, false, -1, -1, NULL },
		/* Cancelled in the second in which it began. */
		{ "{\"state\":\"CANCELLED\",\"restarts\":1," BEGAN ",\"endTime\":\"1970-01-01T00:01:40Z\","
		  "\"conditions\":[{\"type\":\"Failed\"}]," FILES "}",
		  NULL, "[" RUN(1, 50) "]", false, false, 10, -1, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *o = job(rows[i].status, rows[i].spec, rows[i].marks);
		struct log_part part;
		struct error err = { 0 };
		int rc = log_marks_part(o, rows[i].is_stderr, rows[i].previous, &part, &err);

		row("%zu: %d %s", i, rc, err.text);
		assert_int_equal(rc, rows[i].to == -2 ? -1 : 0);
		if (rc < 0) {
			assert_int_equal(err.code, 400);
			assert_non_null(strstr(err.text, rows[i].word));
		} else {
			assert_int_equal(json_get_int(part.from, "bytes", -1), rows[i].from);
			assert_int_equal(json_get_int(part.to, "bytes", -1), rows[i].to);
		}
		log_part_free(&part);
	}
}

static void test_sure(void **state)
{
	static const char *const specs[] = { "{}", "{\"openMode\":\"Truncate\"}", "{\"openMode\":\"Append\"}" };

	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		_cleanup_json_ struct json_object *o = job(RUNS, specs[i], "[" RUN(1, 50) "]");
		struct log_part part;
		struct error err;

		assert_int_equal(log_marks_part(o, false, false, &part, &err), 0);
		assert_int_equal(part.sure, i == 2);
		log_part_free(&part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wanted), cmocka_unit_test(test_one_file),
		cmocka_unit_test(test_add),    cmocka_unit_test(test_part),
		cmocka_unit_test(test_sure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
