/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "common/json.h"
#include "sync-agent/mirror/companion.h"

#define HEAD "{\"metadata\":{\"name\":\"lab-7\",\"namespace\":\"slurm-a\",\"uid\":\"u1\"%s},"

/* A SlurmJob with this in its metadata and its status. */
static struct json_object *job(const char *metadata, const char *status)
{
	_cleanup_free_ char *text = NULL;
	struct json_object *o;

	assert_true(asprintf(&text, HEAD "\"status\":{\"jobId\":7%s}}", metadata, status) > 0);
	o = json_of_text(text);
	assert_non_null(o);
	return o;
}

#define ANNOTATED(value) ",\"annotations\":{\"slurm-kube.io/logs\":\"" value "\"}"

static void test_asked(void **state)
{
	static const struct {
		enum companion_mode mode;
		int namespace;
		const char *metadata;
		bool asked;
	} rows[] = {
		{ COMPANION_NONE, 1, ANNOTATED("true"), false },
		{ COMPANION_ANNOTATED, 0, "", false },
		{ COMPANION_ANNOTATED, 1, "", true },
		{ COMPANION_ANNOTATED, 0, ANNOTATED("true"), true },
		{ COMPANION_ANNOTATED, 0, ANNOTATED("1,7-9"), true },
		{ COMPANION_ANNOTATED, 1, ANNOTATED("false"), false },
		{ COMPANION_ALL, 0, "", true },
		{ COMPANION_ALL, -1, "", false },
		{ COMPANION_ALL, -1, ANNOTATED("true"), true },
		{ COMPANION_ALL, 0, ANNOTATED("false"), false },
		{ COMPANION_ALL, 0, ",\"ownerReferences\":[{\"kind\":\"Pod\"}]", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *o = job(rows[i].metadata, "");

		assert_int_equal(companion_asked(rows[i].mode, rows[i].namespace, o),
				 rows[i].asked);
	}
}

static void test_before_it_is_a_job(void **state)
{
	_cleanup_json_ struct json_object *o =
		json_of_text("{\"metadata\":{\"name\":\"x\"},\"status\":{}}");

	assert_false(companion_asked(COMPANION_ALL, 1, o));
	assert_int_equal(companion_mode("all"), COMPANION_ALL);
	assert_int_equal(companion_mode("annotated"), COMPANION_ANNOTATED);
	assert_int_equal(companion_mode("none"), COMPANION_NONE);
}

static void test_containers(void **state)
{
	static const struct {
		const char *metadata, *status, *names;
	} rows[] = {
		{ "", "", "stdout" },
		{ "", ",\"stdout\":\"/a\",\"stderr\":\"/a\"", "stdout" },
		{ "", ",\"stdout\":\"/a\",\"stderr\":\"/b\"", "stdout stderr" },
		{ "", ",\"array\":{\"pendingIndexes\":\"3\",\"completedIndexes\":\"0-1\"}",
		  "stdout task-0 task-1 task-3" },
		{ "",
		  ",\"array\":{\"pendingIndexes\":\"0,15\"},\"current\":{\"output\":\"a\","
		  "\"error\":\"b\"}",
		  "stdout stderr task-0 stderr-0 task-15 stderr-15" },
		{ "", ",\"array\":{\"pendingIndexes\":\"0-15\"}",
		  "stdout task-0 task-1 task-2 task-3 task-4 task-5 task-6 task-7 task-8 task-9 "
		  "task-10 task-11 task-12 task-13 task-14 task-15" },
		{ "", ",\"array\":{\"pendingIndexes\":\"0-16\"}", "stdout" },
		{ ANNOTATED("true"), ",\"array\":{\"pendingIndexes\":\"0-99999\"}", "stdout" },
		{ ANNOTATED("70,64"), ",\"array\":{\"pendingIndexes\":\"0-99999\"}",
		  "stdout task-64 task-70" },
		{ ANNOTATED("0-99999"), ",\"array\":{\"pendingIndexes\":\"0-99999\"}", "stdout" },
		{ ANNOTATED("1-x"), ",\"array\":{\"pendingIndexes\":\"0-99999\"}", "stdout" },
		{ ANNOTATED("5"), "", "stdout" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *o = job(rows[i].metadata, rows[i].status);
		_cleanup_json_ struct json_object *pod = companion_pod(o, "lab", "n");
		struct json_object *list = json_get(pod, "spec.containers");
		char names[400] = "";

		for (size_t j = 0; j < json_length(list); j++)
			snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
				 j ? " " : "",
				 json_get_string(json_object_array_get_idx(list, j), "name"));
		assert_string_equal(names, rows[i].names);
		assert_int_equal(json_length(json_get(pod, "status.containerStatuses")),
				 json_length(list));
	}
}

static void test_container_names(void **state)
{
	static const struct {
		const char *name;
		bool taken;
		int64_t task;
		bool is_stderr;
	} rows[] = {
		{ "stdout", true, -1, false },	{ "stderr", true, -1, true },
		{ "task-0", true, 0, false },	{ "task-17", true, 17, false },
		{ "task-", false, 0, false },	{ "task-01", false, 0, false },
		{ "task--1", false, 0, false }, { "task-1x", false, 0, false },
		{ "", false, 0, false },	{ "task-99999999999999999999", false, 0, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool is_stderr;
		int64_t task;

		assert_int_equal(companion_container(rows[i].name, &task, &is_stderr),
				 rows[i].taken);
		if (!rows[i].taken)
			continue;
		assert_int_equal(task, rows[i].task);
		assert_int_equal(is_stderr, rows[i].is_stderr);
	}
}

static void test_pod(void **state)
{
	_cleanup_json_ struct json_object *o =
		job("", ",\"user\":\"alice\",\"account\":\"\",\"container\":\"docker://alpine\"");
	_cleanup_json_ struct json_object *pod = companion_pod(o, "Lab 1", "node");
	struct json_object *labels = json_get(pod, "metadata.labels"), *c;

	assert_string_equal(json_get_string(pod, "spec.nodeName"), "node");
	assert_string_equal(json_get_string(pod, "spec.restartPolicy"), "Never");
	assert_false(json_get_bool(pod, "spec.automountServiceAccountToken", true));
	assert_false(json_get_bool(pod, "spec.enableServiceLinks", true));
	assert_string_equal(json_member_string(labels, "slurm-kube.io/job-id"), "7");
	assert_string_equal(json_member_string(labels, "slurm-kube.io/user"), "alice");
	assert_string_equal(json_member_string(labels, "slurm-kube.io/cluster"), "Lab_1");
	c = json_object_array_get_idx(json_get(pod, "spec.containers"), 0);
	assert_string_equal(json_get_string(c, "image"), "docker://alpine");
	assert_string_equal(json_get_string(c, "resources.requests.cpu"), "0");
	assert_string_equal(companion_owner(pod), "u1");
	assert_true(companion_is(pod, "Lab 1"));
	assert_false(companion_is(pod, "lab"));
	assert_false(companion_is(o, "Lab 1"));
}

#define TIMES ",\"startTime\":\"2026-01-01T00:00:00Z\",\"endTime\":\"2026-01-01T00:00:09Z\""
#define ENDED(type) ",\"conditions\":[{\"type\":\"" type "\",\"status\":\"True\"}]"

static void test_status(void **state)
{
	static const struct {
		const char *status, *phase, *pod_reason, *what, *reason;
		int64_t code;
	} rows[] = {
		{ ",\"state\":\"PENDING\",\"reason\":\"Dependency\"", "Pending", NULL, "waiting",
		  "Dependency", -1 },
		{ ",\"state\":\"PENDING\"", "Pending", NULL, "waiting", "PENDING", -1 },
		{ ",\"state\":\"RUNNING\",\"startTime\":\"2026-01-01T00:00:00Z\"", "Running", NULL,
		  "running", NULL, -1 },
		{ ",\"state\":\"SUSPENDED\",\"startTime\":\"2026-01-01T00:00:00Z\"", "Running",
		  "SUSPENDED", "running", NULL, -1 },
		{ ",\"state\":\"COMPLETED\",\"exitCode\":0" TIMES ENDED("Complete"), "Succeeded",
		  NULL, "terminated", "Completed", 0 },
		{ ",\"state\":\"FAILED\",\"exitCode\":3" TIMES ENDED("Failed"), "Failed", NULL,
		  "terminated", "Error", 3 },
		{ ",\"state\":\"FAILED\",\"exitCode\":0,\"signal\":11" TIMES ENDED("Failed"),
		  "Failed", NULL, "terminated", "Error", 139 },
		{ ",\"state\":\"TIMEOUT\",\"exitCode\":0" TIMES ENDED("Failed"), "Failed",
		  "TIMEOUT", "terminated", "TIMEOUT", 1 },
		{ ",\"state\":\"OUT_OF_MEMORY\",\"exitCode\":0,\"signal\":125" TIMES ENDED(
			  "Failed"),
		  "Failed", "OOMKilled", "terminated", "OOMKilled", 253 },
		{ ",\"state\":\"CANCELLED\"" ENDED("Failed"), "Failed", "CANCELLED", "terminated",
		  "CANCELLED", 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *o = job("", rows[i].status);
		_cleanup_json_ struct json_object *pod = companion_pod(o, "lab", "n");
		struct json_object *c =
			json_object_array_get_idx(json_get(pod, "status.containerStatuses"), 0);
		struct json_object *what = json_get(json_get(c, "state"), rows[i].what);
		const char *reason = json_get_string(what, "reason");
		const char *pod_reason = json_get_string(pod, "status.reason");

		assert_string_equal(json_get_string(pod, "status.phase"), rows[i].phase);
		assert_string_equal(pod_reason ?: "", rows[i].pod_reason ?: "");
		assert_non_null(what);
		assert_string_equal(reason ?: "", rows[i].reason ?: "");
		assert_int_equal(json_get_int(what, "exitCode", -1), rows[i].code);
		assert_int_equal(companion_job_ended(o), rows[i].code >= 0);
	}
}

/* The hash of what is written is that of what the API server gives back, and of another round of
 * the scheduler. */
static void test_hash(void **state)
{
	_cleanup_json_ struct json_object *a =
		job("", ",\"state\":\"PENDING\",\"reason\":\"Resources\"");
	_cleanup_json_ struct json_object *b =
		job("", ",\"state\":\"PENDING\",\"reason\":\"Priority\"");
	_cleanup_json_ struct json_object *c =
		job("", ",\"state\":\"PENDING\",\"reason\":\"JobHeldUser\"");
	_cleanup_json_ struct json_object *x = companion_pod(a, "lab", "n"),
					  *y = companion_pod(b, "lab", "n");
	_cleanup_json_ struct json_object *z = companion_pod(c, "lab", "n");
	struct json_object *status;

	assert_int_equal(companion_status_hash(x), companion_status_hash(y));
	assert_int_not_equal(companion_status_hash(x), companion_status_hash(z));
	json_set_string(json_get(x, "status"), "qosClass", "BestEffort");
	status = json_object_array_get_idx(json_get(x, "status.containerStatuses"), 0);
	json_object_object_add(status, "lastState", json_object_new_object());
	json_object_object_del(json_get(status, "state"), "running");
	json_object_object_del(json_get(x, "status"), "reason");
	assert_int_equal(companion_status_hash(x), companion_status_hash(y));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asked),	   cmocka_unit_test(test_before_it_is_a_job),
		cmocka_unit_test(test_containers), cmocka_unit_test(test_container_names),
		cmocka_unit_test(test_pod),	   cmocka_unit_test(test_status),
		cmocka_unit_test(test_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
