/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "common/json.h"
#include "sample_job.h"
#include "sync-agent/mirror/namespace.h"
#include "sync-agent/mirror/object.h"

static void test_names(void **state)
{
	static const struct {
		const char *cluster, *name;
		uint32_t id;
	} rows[] = {
		{ "tux", "tux-1", 1 },
		{ "tux", "tux-4294967295", 4294967295U },
		{ "tux", "tux-4294967296", 0 },
		{ "tux", "tux-99999999999999999999999999", 0 },
		{ "tux", "tux-0", 0 },
		{ "tux", "tux-01", 0 },
		{ "tux", "tux-", 0 },
		{ "tux", "tux", 0 },
		{ "tux", "tu", 0 },
		{ "tux", "", 0 },
		{ "tux", "tux--1", 0 },
		{ "tux", "tux-+1", 0 },
		{ "tux", "tux- 1", 0 },
		{ "tux", "tux-1a", 0 },
		{ "tux", "tux-1-2", 0 },
		{ "tux", "tuxedo-1", 0 },
		{ "tux", "TUX-1", 0 },
		{ "tux-1", "tux-1-2", 2 },
		{ "tux-1", "tux-1", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (object_name_id(rows[i].cluster, rows[i].name) != rows[i].id)
			row("%s %s", rows[i].cluster, rows[i].name);
		assert_int_equal(object_name_id(rows[i].cluster, rows[i].name), rows[i].id);
	}
	for (uint32_t id = 1; id < UINT32_MAX / 3; id *= 3) {
		_cleanup_free_ char *a = object_name("tux", id), *b = object_name("My Cluster", id);

		assert_int_equal(object_name_id("tux", a), id);
		assert_int_equal(object_name_id("My Cluster", b), id);
		assert_int_equal(object_name_id("tux", b), 0);
	}
}

static void test_namespaces(void **state)
{
	static char long_name[301];
	const struct {
		const char *template, *user, *namespace; /* NULL: any label */
	} rows[] = {
		{ "slurm-{user}", "alice", "slurm-alice" },
		{ "{user}", "alice", "alice" },
		{ "jobs", "alice", "jobs" },
		{ "{account}-{partition}", "alice", "physics-debug" },
		{ "{user}{user}", "a", "aa" },
		{ "slurm-{user}", "", NULL },
		{ "slurm-{user}", "Alice", NULL },
		{ "slurm-{user}", long_name, NULL },
		{ "slurm-{usr}", "alice", NULL },
		{ "slurm-{user", "alice", NULL },
		{ "{", "alice", NULL },
	};

	memset(long_name, 'x', 300);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct job job = sample_job(5);
		_cleanup_free_ char *namespace = NULL;

		job.user = rows[i].user;
		namespace = namespace_of(rows[i].template, &job);
		assert_in_range(strlen(namespace), 1, 63);
		assert_int_equal(strspn(namespace, "abcdefghijklmnopqrstuvwxyz0123456789-"),
				 strlen(namespace));
		if (rows[i].namespace)
			assert_string_equal(namespace, rows[i].namespace);
	}
}

/* Two users never share a namespace, nor do two accounts of theirs. */
static void test_namespaces_apart(void **state)
{
	static const char *const templates[] = { "{user}-{account}", "{user}{account}", "{account}-x-{user}",
						 "h-{user}-{account}-t", "{user}.{account}" };
	static const char *const names[] = { "a", "b", "c", "a-b", "b-c", "ab", "bc", "a-", "-b", "A", "a.b",
					     "a_b", "a--b", "b-x-c", "none", "", "x" };
	static char all[sizeof(names) / sizeof(names[0]) * sizeof(names) / sizeof(names[0])][64];
	enum { N = sizeof(names) / sizeof(names[0]) };

	for (size_t t = 0; t < ARRAY_SIZE(templates); t++) {
		for (size_t i = 0; i < N * N; i++) {
			struct job job = sample_job(5);
			_cleanup_free_ char *namespace = NULL;

			job.user = names[i / N];
			job.account = names[i % N];
			namespace = namespace_of(templates[t], &job);
			strcpy(all[i], namespace);
			for (size_t k = 0; k < i; k++) {
				if (!strcmp(all[i], all[k]))
					row("%s: '%s' '%s' and '%s' '%s'", templates[t], names[i / N],
					    names[i % N], names[k / N], names[k % N]);
				assert_string_not_equal(all[i], all[k]);
			}
		}
	}
}

static void test_namespace_annotation(void **state)
{
	static const struct {
		const char *object;
		bool fine;
	} rows[] = {
		{ "{}", true },
		{ "{\"metadata\":{\"annotations\":{}}}", true },
		{ "{\"metadata\":{\"annotations\":{\"other\":\"bob\"}}}", true },
		{ "{\"metadata\":{\"annotations\":{\"slurm-kube.io/user\":\"alice\"}}}", true },
		{ "{\"metadata\":{\"annotations\":{\"slurm-kube.io/user\":\"bob\"}}}", false },
		{ "{\"metadata\":{\"annotations\":{\"slurm-kube.io/user\":\"\"}}}", false },
		{ "{\"metadata\":{\"annotations\":{\"slurm-kube.io/user\":5}}}", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *o = json_tokener_parse(rows[i].object);

		assert_true(namespace_is_for(o, "alice") == rows[i].fine);
	}
}

static struct json_object *status_of(struct job *jobs, size_t n, const struct synced *synced)
{
	_cleanup_free_ struct job_group *group = sample_group(jobs, n);
	_cleanup_(view_free) struct view v = { 0 };
	struct view_before before = { 0 };
	static const struct synced in_sync;

	assert_int_equal(view_make("tux", group, &before, &v), 0);
	return object_status(&v, synced ? synced : &in_sync, 3);
}

static const char *text_of(struct json_object *o)
{
	return json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

static void check(struct json_object *o, const char *without, const char *expected)
{
	if (without)
		json_object_object_del(o, without);
	assert_string_equal(text_of(o), expected);
}

static void test_spec_and_labels(void **state)
{
	struct job job = sample_job(5);
	_cleanup_free_ struct job_group *group = sample_group(&job, 1);
	_cleanup_(view_free) struct view v = { 0 };
	_cleanup_json_ struct json_object *spec = NULL, *labels = NULL;
	struct view_before before = { 0 };

	assert_int_equal(view_make("tux", group, &before, &v), 0);
	spec = object_spec(&v);
	check(spec, NULL,
	      "{\"jobName\":\"sample\",\"account\":\"physics\",\"partition\":\"debug\",\"qos\":\"normal\","
	      "\"timeLimit\":\"01:00:00\",\"hold\":false,\"nodes\":\"1\",\"tasks\":1,\"cpusPerTask\":1,"
	      "\"memoryPerNode\":\"512M\",\"workingDir\":\"/home/alice\",\"cluster\":\"tux\"}");
	labels = object_labels(&v);
	check(labels, NULL,
	      "{\"slurm-kube.io/cluster\":\"tux\",\"slurm-kube.io/job-id\":\"5\","
	      "\"slurm-kube.io/user\":\"alice\",\"slurm-kube.io/account\":\"physics\","
	      "\"slurm-kube.io/partition\":\"debug\",\"slurm-kube.io/state\":\"PENDING\"}");
}

static void test_status(void **state)
{
	_cleanup_json_ struct json_object *status = NULL;
	struct job job = sample_job(5);

	sample_end(&job, "FAILED", 9);
	job.out_path = "/home/alice/slurm-5.out";
	job.cancelled_by = "b\xf6""b";
	job.restarts = 1;
	status = status_of(&job, 1, NULL);
	json_object_object_del(status, "lastSyncTime");
	json_object_object_del(status, "current");
	check(status, "conditions",
	      "{\"jobId\":5,\"cluster\":\"tux\",\"state\":\"FAILED\",\"user\":\"alice\",\"uid\":1001,"
	      "\"group\":\"users\",\"account\":\"physics\",\"partition\":\"debug\",\"qos\":\"normal\","
	      "\"priority\":100,\"submitTime\":\"2023-11-14T22:13:20Z\","
	      "\"eligibleTime\":\"2023-11-14T22:13:20Z\",\"startTime\":\"2023-11-14T22:14:20Z\","
	      "\"endTime\":\"2023-11-14T22:23:20Z\",\"nodes\":1,\"nodeList\":\"n1\","
	      "\"tres\":\"cpu=1,mem=512M,node=1\",\"exitCode\":0,\"signal\":9,\"restarts\":1,"
	      "\"stdout\":\"/home/alice/slurm-5.out\",\"cancelledBy\":\"b?b\",\"observedGeneration\":3}");
}

static void test_status_of_many(void **state)
{
	_cleanup_json_ struct json_object *array = NULL, *het = NULL;
	struct job jobs[3] = { sample_job(7), sample_job(5), sample_job(6) };

	for (int i = 0; i < 3; i++)
		jobs[i].array_id = 7;
	jobs[0].array_tasks = "2-9";
	jobs[0].start = SAMPLE_SUBMIT + 99999;
	jobs[1].array_task = 0;
	jobs[2].array_task = 1;
	sample_start(&jobs[1]);
	sample_end(&jobs[2], "FAILED", 256);
	array = status_of(jobs, 3, NULL);
	assert_int_equal(json_get_int(array, "jobId", 0), 7);
	assert_int_equal(json_get_int(array, "arrayJobId", 0), 7);
	assert_string_equal(json_get_string(array, "state"), "RUNNING");
	assert_string_equal(json_get_string(array, "startTime"), "2023-11-14T22:14:20Z");
	assert_null(json_get(array, "exitCode"));
	assert_string_equal(text_of(json_get(array, "array")),
			    "{\"total\":10,\"pending\":8,\"pendingIndexes\":\"2-9\",\"running\":1,"
			    "\"runningIndexes\":\"0\",\"completed\":0,\"failed\":1,"
			    "\"failedIndexes\":\"1\"}");
	for (int i = 0; i < 3; i++) {
		jobs[i] = sample_job(20 + i);
		jobs[i].het_id = 20;
		jobs[i].het_offset = i;
	}
	sample_end(&jobs[1], "COMPLETED", 0);
	het = status_of(jobs, 3, NULL);
	assert_int_equal(json_get_int(het, "jobId", 0), 20);
	assert_null(json_get(het, "array"));
	assert_int_equal(json_object_array_length(json_get(het, "components")), 3);
	assert_string_equal(text_of(json_object_array_get_idx(json_get(het, "components"), 1)),
			    "{\"offset\":1,\"jobId\":21,\"state\":\"COMPLETED\",\"partition\":\"debug\","
			    "\"nodes\":1,\"nodeList\":\"n1\",\"tres\":\"cpu=1,mem=512M,node=1\","
			    "\"exitCode\":0}");
}

/* Whatever is in a job's texts and numbers, the objects are JSON that parses again. */
static void test_hostile_job(void **state)
{
	for (int c = 1; c < 256; c++) {
		_cleanup_json_ struct json_object *status = NULL, *back = NULL;
		struct job job = sample_job(5);
		char text[9000];
		const char **texts[] = { &job.name, &job.user, &job.account, &job.partition, &job.qos,
					 &job.state_desc, &job.comment, &job.node_list, &job.work_dir,
					 &job.group, &job.container, &job.cancelled_by, &job.out_path };

		memset(text, c, sizeof(text) - 1);
		text[sizeof(text) - 1] = '\0';
		for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
			*texts[i] = text;
		job.start = job.submit = c % 2 ? UINT64_MAX - c : INT64_MAX;
		job.priority = job.tasks = job.nodes = job.restarts = UINT64_MAX - c;
		job.exit_status = UINT64_MAX - c;
		sample_end(&job, c % 3 ? "FAILED" : "COMPLETED", c);
		status = status_of(&job, 1, NULL);
		back = json_parse(text_of(status), strlen(text_of(status)), NULL);
		assert_non_null(back);
		assert_true(object_status_hash(back) == object_status_hash(status));
	}
}

/* -- the hash ------------------------------------------------------------------------------- */

/* The same tree with the members of each object in reverse order. */
static struct json_object *reversed(struct json_object *o)
{
	struct json_object *copy;

	if (json_object_is_type(o, json_type_array)) {
		copy = json_object_new_array();
		for (size_t i = 0; i < json_object_array_length(o); i++)
			json_object_array_add(copy, reversed(json_object_array_get_idx(o, i)));
		return copy;
	}
	if (!json_object_is_type(o, json_type_object))
		return json_object_get(o);
	copy = json_object_new_object();
	for (struct lh_entry *e = json_object_get_object(o)->tail; e; e = e->prev)
		json_object_object_add(copy, e->k, reversed((struct json_object *)e->v));
	return copy;
}

static void test_hash_order(void **state)
{
	_cleanup_json_ struct json_object *status = NULL, *other = NULL, *back = NULL;
	struct job job = sample_job(5);

	sample_start(&job);
	status = status_of(&job, 1, NULL);
	other = reversed(status);
	assert_string_not_equal(text_of(status), text_of(other));
	assert_true(object_status_hash(status) == object_status_hash(other));
	back = json_parse(text_of(status), strlen(text_of(status)), NULL);
	assert_true(object_status_hash(status) == object_status_hash(back));
}

/* A change of a job, made to the sample: is it worth a write? */
static void change(struct job *job, size_t which)
{
	switch (which) {
	case 0: job->priority = 999; break;
	case 1: job->eligible += 60; break;
	case 2: job->start = SAMPLE_SUBMIT + 12345; break;
	case 3: job->reason = "Resources"; break;
	case 4: job->end = SAMPLE_SUBMIT + 5; break;
	/* from here on real ones */
	case 5: job->reason = "QOSMaxJobsPerUserLimit"; break;
	case 6: job->held = true; break;
	case 7: job->time_limit = 61; break;
	case 8: job->name = "samplf"; break;
	case 9: job->account = "chemistry"; break;
	case 10: job->partition = "batch"; break;
	case 11: job->qos = "high"; break;
	case 12: job->nodes = 2; break;
	case 13: job->max_nodes = 4; break;
	case 14: job->tasks = 2; break;
	case 15: job->memory = 513; break;
	case 16: job->comment = "Resources"; break;
	case 17: job->dependency = "afterok:1"; break;
	case 18: job->submit += 1; break;
	case 19: job->restarts = 1; break;
	case 20: job->out_path = "/o"; break;
	case 21: job->uid = 1002; break;
	case 22: job->user = "bob"; break;
	case 23: job->state_desc = "Nodes required for job are DOWN"; break;
	case 24: sample_start(job); break;
	case 25: sample_start(job), job->node_list = "n2"; break;
	case 26: sample_start(job), job->state = "SUSPENDED"; break;
	case 27: sample_end(job, "COMPLETED", 0); break;
	case 28: sample_end(job, "FAILED", 256); break;
	case 29: sample_end(job, "FAILED", 512); break;
	case 30: sample_end(job, "FAILED", 9); break;
	case 31: sample_end(job, "TIMEOUT", 0); break;
	case 32: sample_end(job, "COMPLETED", 0), job->end++; break;
	case 33: job->array_id = 5, job->array_tasks = "0-9"; break;
	case 34: job->array_id = 5, job->array_tasks = "0-8"; break;
	case 35: job->array_id = 5, job->array_tasks = "0-9", job->array_throttle = 3; break;
	case 36: job->het_id = 5, job->het_offset = 0; break;
	}
}

#define FIRST_REAL 5
#define N_CHANGES 37

static void test_hash_changes(void **state)
{
	uint64_t hashes[N_CHANGES], plain;
	struct json_object *status;
	struct job job = sample_job(5);

	status = status_of(&job, 1, NULL);
	plain = object_status_hash(status);
	json_object_put(status);
	for (size_t i = 0; i < N_CHANGES; i++) {
		job = sample_job(5);
		change(&job, i);
		status = status_of(&job, 1, NULL);
		hashes[i] = object_status_hash(status);
		json_object_put(status);
		if ((hashes[i] == plain) != (i < FIRST_REAL))
			row("change %zu", i);
		assert_int_equal(hashes[i] == plain, i < FIRST_REAL);
		for (size_t k = FIRST_REAL; k < i; k++) {
			if (hashes[i] == hashes[k])
				row("change %zu and %zu", i, k);
			assert_true(hashes[i] != hashes[k]);
		}
	}
}

static void test_hash_synced(void **state)
{
	struct synced synced = { .refused = true, .reason = "Refused", .message = "no", .since = 5 };
	struct job job = sample_job(5);
	_cleanup_json_ struct json_object *a = status_of(&job, 1, NULL);
	_cleanup_json_ struct json_object *b = status_of(&job, 1, &synced), *c = NULL, *d = NULL;

	synced.since = 6;
	c = status_of(&job, 1, &synced);
	strcpy(synced.message, "never");
	d = status_of(&job, 1, &synced);
	assert_true(object_status_hash(a) != object_status_hash(b));
	assert_true(object_status_hash(b) == object_status_hash(c));
	assert_true(object_status_hash(c) != object_status_hash(d));
}

/* Whatever the API server returns. */
static void test_hash_hostile(void **state)
{
	static const char *const rows[] = {
		"{}", "[]", "3", "\"x\"", "true", "[null,[],{}]", "{\"reason\":null}",
		"{\"reason\":{}}", "{\"message\":[\"Resources\"]}", "{\"conditions\":3}",
		"{\"conditions\":[3,null,{\"reason\":3}]}", "{\"\":{\"\":{}}}", "{\"state\":\"a\\u0000b\"}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *o = json_parse(rows[i], strlen(rows[i]), NULL);

		assert_non_null(o);
		object_status_hash(o);
	}
	object_status_hash(NULL);
}

/* An array is one object that fits into etcd (1.5 MiB), whatever becomes of its tasks. */
static void test_large_array(void **state)
{
	enum { TASKS = 100000 };
	struct job *jobs = calloc(TASKS, sizeof(*jobs)), held = sample_job(9);
	struct json_object *status;

	held.array_id = 9;
	held.array_tasks = "0-99999";
	status = status_of(&held, 1, NULL);
	assert_int_equal(json_get_int(status, "array.total", 0), TASKS);
	assert_string_equal(json_get_string(status, "array.pendingIndexes"), "0-99999");
	assert_in_range(strlen(json_object_to_json_string(status)), 1, 4096);
	json_object_put(status);
	for (size_t i = 0; i < TASKS; i++) {
		jobs[i] = sample_job(9 + i);
		jobs[i].array_id = 9;
		jobs[i].array_task = i;
		sample_end(&jobs[i], i % 2 ? "FAILED" : "COMPLETED", i % 2 ? 256 : 0);
	}
	status = status_of(jobs, TASKS, NULL);
	assert_int_equal(json_get_int(status, "array.failed", 0), TASKS / 2);
	assert_in_range(strlen(json_object_to_json_string(status)), 1, 1 << 20);
	json_object_put(status);
	free(jobs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),        cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_large_array), cmocka_unit_test(test_namespaces_apart), cmocka_unit_test(test_namespace_annotation),
		cmocka_unit_test(test_spec_and_labels), cmocka_unit_test(test_status),
		cmocka_unit_test(test_status_of_many), cmocka_unit_test(test_hostile_job),
		cmocka_unit_test(test_hash_order),   cmocka_unit_test(test_hash_changes),
		cmocka_unit_test(test_hash_synced),  cmocka_unit_test(test_hash_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
