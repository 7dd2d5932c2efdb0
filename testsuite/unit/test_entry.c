/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "common/json.h"
#include "sample_job.h"
#include "sync-agent/entry.h"

static void take(struct entry *e, const char *text)
{
	_cleanup_json_ struct json_object *o = json_parse(text, strlen(text), NULL);

	if (!o)
		row("%s", text);
	assert_non_null(o);
	entry_take_object(e, o);
}

static void assert_text(const char *text, const char *expected)
{
	if (!expected)
		assert_null(text);
	else
		assert_string_equal(text, expected);
}

static void assert_json(struct json_object *o, const char *expected)
{
	assert_non_null(o);
	assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN), expected);
	json_object_put(o);
}

#define OBJECT \
	"{\"metadata\":{\"resourceVersion\":\"17\",\"uid\":\"0f3a\",\"generation\":4," \
	"\"finalizers\":[\"other/x\",\"slurm-kube.io/job\"]," \
	"\"labels\":{\"slurm-kube.io/state\":\"PENDING\"}}," \
	"\"spec\":{\"timeLimit\":60,\"deletionPolicy\":\"Orphan\"}," \
	"\"status\":{\"state\":\"RUNNING\",\"startTime\":\"2023-11-14T22:13:20Z\"," \
	"\"cancelledBy\":\"bob\",\"current\":{\"timeLimit\":\"01:00:00\"}," \
	"\"array\":{\"completedIndexes\":\"0-3\",\"failedIndexes\":\"5\"}," \
	"\"conditions\":[{\"type\":\"Accepted\",\"status\":\"True\"}," \
	"{\"type\":\"Synced\",\"status\":\"False\",\"reason\":\"Refused\",\"message\":\"no\"}]}}"

static void test_take(void **state)
{
	struct entries table = { 0 };
	struct entry *e = entry_add(&table, 5, "ns", "tux-5");

	take(e, OBJECT);
	assert_true(e->exists && e->finalizer && e->orphan);
	assert_false(e->deleting || e->ended);
	assert_text(e->version, "17");
	assert_string_equal(e->uid, "0f3a");
	assert_int_equal(e->generation, 4);
	assert_json(entry_spec(e), "{\"timeLimit\":60,\"deletionPolicy\":\"Orphan\"}");
	assert_json(entry_current(e), "{\"timeLimit\":\"01:00:00\"}");
	assert_text(e->finalizers, "[\"other\\/x\"]");
	assert_text(e->completed, "0-3");
	assert_text(e->failed, "5");
	assert_text(e->cancelled_by, "bob");
	assert_string_equal(e->state, "RUNNING");
	assert_string_equal(e->label, "PENDING");
	assert_int_equal(e->started, 1700000000);
	assert_true(entry_synced(e)->refused);
	assert_string_equal(entry_synced(e)->message, "no");
	assert_true(e->status_hash != 0);
	/* The next one replaces all of it. */
	take(e, "{\"metadata\":{\"resourceVersion\":\"18\",\"deletionTimestamp\":\"2023-11-14T22:13:20Z\"},"
		"\"status\":{\"conditions\":[{\"type\":\"Failed\",\"status\":\"True\"}]}}");
	assert_true(e->deleting && e->ended);
	assert_false(e->finalizer || e->orphan);
	assert_null(entry_spec(e));
	assert_null(entry_current(e));
	assert_null(e->finalizers);
	assert_null(e->completed);
	assert_string_equal(e->state, "");
	assert_string_equal(e->label, "");
	assert_int_equal(e->started, 0);
	entry_forget_object(e, NULL);
	assert_false(e->exists || e->deleting || e->ended || entry_synced(e)->refused);
	assert_null(e->version);
	entry_remove(&table, e);
	assert_null(table.by_name);
}

/* Wrong types everywhere: each is as good as absent. */
static void test_hostile(void **state)
{
	static const char *const values[] = {
		"null", "true", "3", "-1", "1e300", "\"\"", "\"x\"", "[]", "[null]", "[[]]", "[3,\"x\",{}]", "{}",
		"{\"a\":null}", "\"\\u0000\"", "[{\"type\":3}]", "[{\"type\":null,\"status\":[]}]",
		"[{\"type\":\"Synced\",\"status\":\"False\",\"reason\":{},\"message\":[]}]",
		"[{\"type\":\"Synced\",\"status\":{}}]", "{\"slurm-kube.io/state\":{\"a\":[1]}}",
		"{\"slurm-kube.io/state\":null}", "{\"completedIndexes\":5,\"failedIndexes\":[]}",
		"\"0123456789012345678901234567890123456789012345678901234567890123456789\"",
	};
	static const char *const forms[] = {
		"%s",
		"{\"metadata\":%s}",
		"{\"metadata\":{\"resourceVersion\":%s}}",
		"{\"metadata\":{\"uid\":%s}}",
		"{\"metadata\":{\"generation\":%s}}",
		"{\"metadata\":{\"deletionTimestamp\":%s}}",
		"{\"metadata\":{\"finalizers\":%s}}",
		"{\"metadata\":{\"labels\":%s}}",
		"{\"metadata\":{\"labels\":{\"slurm-kube.io/state\":%s}}}",
		"{\"spec\":%s}",
		"{\"spec\":{\"deletionPolicy\":%s}}",
		"{\"spec\":{\"script\":%s}}",
		"{\"status\":%s}",
		"{\"status\":{\"current\":%s}}",
		"{\"status\":{\"state\":%s}}",
		"{\"status\":{\"reason\":%s}}",
		"{\"status\":{\"startTime\":%s}}",
		"{\"status\":{\"cancelledBy\":%s}}",
		"{\"status\":{\"array\":%s}}",
		"{\"status\":{\"array\":{\"completedIndexes\":%s}}}",
		"{\"status\":{\"conditions\":%s}}",
		"{\"status\":{\"conditions\":[%s]}}",
	};

	for (size_t f = 0; f < ARRAY_SIZE(forms); f++) {
		for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
			struct entries table = { 0 };
			struct entry *e = entry_add(&table, 5, "ns", "tux-5");
			char text[400];

			snprintf(text, sizeof(text), forms[f], values[v]);
			if (strcmp(text, "null"))
				take(e, text);
			json_object_put(entry_spec(e));
			assert_true(!!e->has_current == json_object_put(entry_current(e)));
			take(e, OBJECT);
			assert_text(e->version, "17");
			entry_remove(&table, e);
		}
	}
}

/* A large spec is kept without what is large in it. */
static void test_large_spec(void **state)
{
	struct entries table = { 0 };
	struct entry *e = entry_add(&table, 5, "ns", "tux-5");
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *spec = json_object_new_object();
	static char large[200000];

	memset(large, 'x', sizeof(large) - 1);
	json_set_string(spec, "script", large);
	json_set_string(spec, "timeLimit", "60");
	json_object_object_add(o, "spec", spec);
	entry_take_object(e, o);
	assert_json(entry_spec(e), "{\"script\":\"(large)\",\"timeLimit\":\"60\"}");
	entry_remove(&table, e);
}

static void test_known(void **state)
{
	struct entries table = { 0 };
	struct entry *e = entry_add(&table, 5, "ns", "tux-5");
	_cleanup_json_ struct json_object *a = json_tokener_parse("{\"x\":1,\"y\":null}");
	_cleanup_json_ struct json_object *b = json_tokener_parse("{\"x\":2}");
	_cleanup_json_ struct json_object *list = json_tokener_parse("[]");

	entry_know(e, a);
	assert_text(e->known, "{\"x\":1,\"y\":null}");
	entry_know(e, b);
	assert_text(e->known, "{\"y\":null,\"x\":2}");
	entry_know(e, NULL);
	entry_know(e, list);
	entry_unknow(e, b);
	assert_text(e->known, "{\"y\":null}");
	entry_unknow(e, a);
	assert_null(e->known);
	entry_know(e, a);
	entry_remove(&table, e);
}

static void test_synced(void **state)
{
	struct entries table = { 0 };
	struct entry *e = entry_add(&table, 5, "ns", "tux-5");
	char text[2000];

	assert_false(entry_synced(e)->refused);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	entry_set_refused(e, text, text);
	assert_true(entry_synced(e)->refused);
	assert_int_equal(strlen(entry_synced(e)->reason), 63);
	assert_int_equal(strlen(e->synced->message), sizeof(e->synced->message) - 1);
	/* What the agent knows beats what the object still says. */
	take(e, OBJECT);
	assert_int_equal(strlen(entry_synced(e)->reason), 63);
	entry_set_in_sync(e);
	assert_false(entry_synced(e)->refused);
	entry_remove(&table, e);
}

static void test_table(void **state)
{
	struct entries table = { 0 };
	struct entry *e, *tmp;
	char name[16];

	for (uint32_t id = 1; id <= 1000; id++) {
		snprintf(name, sizeof(name), "tux-%u", id);
		e = entry_add(&table, id * 7919, "ns", name);
		if (id % 2) {
			e->wanted = calloc(1, sizeof(*e->wanted) + sizeof(e->wanted->jobs[0]));
			e->wanted->n = 1;
			e->wanted->jobs[0] = malloc(sizeof(struct job));
		}
	}
	for (uint32_t id = 1; id <= 1000; id++)
		assert_int_equal(entry_find(&table, id * 7919)->id, id * 7919);
	assert_null(entry_find(&table, 0));
	assert_int_equal(entry_find_name(&table, "ns", "tux-7")->id, 7 * 7919);
	assert_null(entry_find_name(&table, "ns", "tux-"));
	assert_null(entry_find_name(&table, "n", "tux-7"));
	HASH_ITER(by_name, table.by_name, e, tmp)
		entry_remove(&table, e);
	assert_null(table.by_id);
	assert_null(table.by_name);
}

static void test_binding(void **state)
{
	struct entries table = { 0 };
	struct entry *e = entry_add(&table, 0, "slurm-alice", "train");

	assert_null(entry_find(&table, 0));
	assert_ptr_equal(entry_find_name(&table, "slurm-alice", "train"), e);
	entry_bind(&table, e, 7);
	assert_ptr_equal(entry_find(&table, 7), e);
	assert_int_equal(entry_move(&table, e, "other"), 0);
	assert_null(entry_find_name(&table, "slurm-alice", "train"));
	assert_ptr_equal(entry_find_name(&table, "other", "train"), e);
	assert_string_equal(e->namespace, "other");
	assert_string_equal(e->name, "train");
	assert_int_equal(entry_move(&table, e, "other"), -1);
	entry_unbind(&table, e);
	entry_unbind(&table, e);
	assert_null(entry_find(&table, 7));
	entry_remove(&table, e);
	assert_null(table.by_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take),  cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_large_spec), cmocka_unit_test(test_known),
		cmocka_unit_test(test_synced), cmocka_unit_test(test_table),
		cmocka_unit_test(test_binding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
