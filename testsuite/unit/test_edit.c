/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "common/json.h"
#include "sync-agent/edit.h"

#define MANAGED(manager, time, fields) \
	"{\"manager\":\"" manager "\",\"operation\":\"Update\",\"time\":\"" time "\",\"fieldsV1\":{\"f:spec\":" fields "}}"

#define OBJECT(sending, managed)                                                                      \
	"{\"metadata\":{\"generation\":3,\"managedFields\":[" managed "]},\"spec\":{\"timeLimit\":30}," \
	"\"status\":{\"observedGeneration\":2,\"current\":{\"timeLimit\":\"01:00:00\"}" sending "}}"

struct fixture {
	struct entries all;
	struct entry *e;
};

static void take(struct fixture *f, const char *text)
{
	_cleanup_json_ struct json_object *object = json_parse(text, strlen(text), NULL);

	assert_non_null(object);
	if (!f->e)
		f->e = entry_add(&f->all, 7, "slurm-alice", "tux-7");
	entry_take_object(f->e, object);
}

static void drop(struct fixture *f)
{
	entry_remove(&f->all, f->e);
}
#define _cleanup_fixture_ _cleanup_(drop)

static struct json_object *parse(const char *text)
{
	return json_parse(text, strlen(text), NULL);
}

static void test_editor(void **state)
{
	static const struct {
		const char *managed, *manager, *when;
	} rows[] = {
		{ "", "", "" },
		{ MANAGED("slurm-kube-agent", "2026-01-01T00:00:00Z", "{\"f:timeLimit\":{}}"), "", "" },
		{ MANAGED("kubectl-edit", "2026-01-01T00:00:00Z", "{\"f:timeLimit\":{}}"), "kubectl-edit",
		  "2026-01-01T00:00:00Z" },
		{ MANAGED("kubectl-edit", "2026-01-01T00:00:00Z", "{\"f:comment\":{}}"), "", "" },
		{ MANAGED("old", "2026-01-01T00:00:00Z", "{\"f:timeLimit\":{}}") ","
		  MANAGED("new", "2026-01-02T00:00:00Z", "{\"f:timeLimit\":{}}") ","
		  MANAGED("other", "2026-01-03T00:00:00Z", "{\"f:comment\":{}}"), "new",
		  "2026-01-02T00:00:00Z" },
		{ "{}", "", "" }, { "3", "", "" }, { "{\"manager\":{},\"fieldsV1\":[]}", "", "" },
		{ "{\"manager\":\"x\",\"fieldsV1\":{\"f:spec\":{\"f:timeLimit\":{},\"\":1,\"f:\":{}}}}", "x",
		  "" },
	};
	char object[2048], manager[128], when[40];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_fixture_ struct fixture f = { 0 };

		snprintf(object, sizeof(object), OBJECT("", "%s"), rows[i].managed);
		take(&f, object);
		edit_editor(f.e, "timeLimit", manager, sizeof(manager), when, sizeof(when));
		if (strcmp(manager, rows[i].manager) || strcmp(when, rows[i].when))
			row("%s: %s %s", rows[i].managed, manager, when);
		assert_string_equal(manager, rows[i].manager);
		assert_string_equal(when, rows[i].when);
	}
}

/* Of objects that hold no edit nothing is kept. */
static void test_nothing_kept(void **state)
{
	_cleanup_fixture_ struct fixture f = { 0 };

	take(&f, "{\"metadata\":{\"generation\":2,\"managedFields\":[" MANAGED("x", "", "{\"f:hold\":{}}")
		 "]},\"spec\":{},\"status\":{\"observedGeneration\":2}}");
	assert_null(f.e->edit);
	take(&f, OBJECT("", ""));
	assert_non_null(f.e->edit);
	edit_forget(f.e);
	assert_null(f.e->edit);
}

static void test_mark(void **state)
{
	_cleanup_fixture_ struct fixture f = { 0 };
	_cleanup_json_ struct json_object *limit = parse("{\"timeLimit\":30}");
	_cleanup_json_ struct json_object *other = parse("{\"timeLimit\":40}");
	_cleanup_json_ struct json_object *more = parse("{\"timeLimit\":30,\"hold\":true}");
	_cleanup_json_ struct json_object *requeue =
		parse("{\"requeueRequestedAt\":\"2026-01-01T00:00:00Z\"}");
	_cleanup_json_ struct json_object *patch = NULL;

	take(&f, OBJECT("", ""));
	patch = edit_mark_patch(f.e, requeue, 4);
	assert_false(edit_is_marked(f.e, limit));
	take(&f, OBJECT(",\"sending\":{\"timeLimit\":30,\"comment\":\"x\"}", ""));
	assert_true(edit_is_marked(f.e, limit));
	assert_false(edit_is_marked(f.e, other));
	assert_false(edit_is_marked(f.e, more));
	/* A server that doesn't keep marks. */
	edit_mark_tried(f.e, other);
	assert_true(edit_is_marked(f.e, other));
	assert_int_equal(json_get_int(patch, "restarts", 0), 4);
	take(&f, OBJECT(",\"sending\":[1]", ""));
	assert_false(edit_is_marked(f.e, limit));
}

/* An agent before has marked a requeue: it is done if the job has begun anew since. */
static void test_requeue(void **state)
{
	static const char object[] = OBJECT(
		",\"sending\":{\"requeueRequestedAt\":\"2026-01-01T00:00:00Z\",\"restarts\":2}", "");

	for (uint64_t restarts = 1; restarts <= 4; restarts++) {
		_cleanup_fixture_ struct fixture f = { 0 };
		_cleanup_json_ struct json_object *kept = NULL, *found = NULL;
		const struct reconcile_plan plan = { 0 };

		take(&f, object);
		kept = edit_kept(f.e, restarts);
		assert_int_equal(json_get(kept, "requeueRequestedAt") != NULL, restarts > 2);
		assert_int_equal(f.e->known != NULL, restarts > 2);
		found = edit_take_found(f.e, &plan);
		assert_int_equal(found != NULL, restarts > 2);
	}
}

static void test_told_once(void **state)
{
	_cleanup_fixture_ struct fixture f = { 0 };

	take(&f, OBJECT("", ""));
	assert_true(edit_may_tell(f.e, "no"));
	assert_false(edit_may_tell(f.e, "no"));
	assert_true(edit_may_tell(f.e, "neither"));
	edit_taken_back(f.e);
	assert_true(edit_may_tell(f.e, "neither"));
	/* All refusals of one generation are in the condition. */
	edit_set_refused(f.e, "one");
	edit_set_refused(f.e, "two");
	assert_string_equal(entry_synced(f.e)->message, "one; two");
	f.e->generation++;
	edit_set_refused(f.e, "three");
	assert_string_equal(entry_synced(f.e)->message, "three");
}

/* An object that comes between Slurm's yes and the status that tells it has the old condition. */
static void test_in_sync(void **state)
{
	static const char object[] = OBJECT(",\"conditions\":[{\"type\":\"Synced\",\"status\":\"False\","
					    "\"reason\":\"Refused\",\"message\":\"no\"}]", "");
	_cleanup_fixture_ struct fixture f = { 0 };

	take(&f, object);
	assert_true(entry_synced(f.e)->refused);
	edit_set_in_sync(f.e);
	take(&f, object);
	assert_false(entry_synced(f.e)->refused);
	edit_set_refused(f.e, "neither");
	assert_string_equal(entry_synced(f.e)->message, "neither");
}

/* Done, and no answer was heard: told once, and as the same thing by whoever finds it. */
static void test_found(void **state)
{
	static const char marked[] = OBJECT(",\"sending\":{\"timeLimit\":30,\"generation\":3}", "");
	static const char later[] =
		"{\"metadata\":{\"generation\":4},\"spec\":{\"timeLimit\":30,\"comment\":\"x\"},\"status\":"
		"{\"observedGeneration\":2,\"current\":{\"timeLimit\":\"01:00:00\"},"
		"\"sending\":{\"timeLimit\":30,\"generation\":3}}}";
	_cleanup_fixture_ struct fixture f = { 0 }, other = { 0 };
	_cleanup_json_ struct json_object *spec = parse("{\"timeLimit\":30}");
	_cleanup_json_ struct json_object *now = parse("{\"timeLimit\":\"00:30:00\"}");

	take(&f, marked);
	edit_sent(f.e, spec);
	edit_unheard(f.e, spec);
	for (int i = 0; i < 2; i++) {
		_cleanup_(reconcile_plan_free) struct reconcile_plan plan = { 0 };
		_cleanup_json_ struct json_object *found = NULL;

		edit_plan(f.e, spec, now, false, &plan);
		assert_null(plan.send);
		found = edit_take_found(f.e, &plan);
		assert_int_equal(json_get_int(found, "timeLimit", 0), i == 0 ? 30 : 0);
	}
	take(&other, later);
	assert_int_equal(edit_occasion(other.e, "x"), edit_occasion(f.e, "x"));
	assert_int_not_equal(edit_occasion(other.e, "x"), edit_occasion(f.e, "y"));
}

/* What came while no agent looked. */
static void test_plan(void **state)
{
	static const struct {
		const char *what, *managed, *sending, *now, *send, *patch;
		bool refused;
	} rows[] = {
		{ "a user's edit", MANAGED("x", "", "{\"f:timeLimit\":{}}"), "", "60", "30", NULL, false },
		{ "nobody is named", "", "", "60", "30", NULL, false },
		{ "the agent's own", MANAGED("slurm-kube-agent", "", "{\"f:timeLimit\":{}}"), "", "80", NULL,
		  "80", false },
		{ "the agent's own, marked", MANAGED("slurm-kube-agent", "", "{\"f:timeLimit\":{}}"),
		  ",\"sending\":{\"timeLimit\":30}", "80", NULL, "80", false },
		{ "both", MANAGED("slurm-kube-agent", "", "{\"f:timeLimit\":{}}") ","
		  MANAGED("x", "", "{\"f:timeLimit\":{}}"), "", "80", "30", NULL, false },
	};
	char object[2048], now_text[64];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_fixture_ struct fixture f = { 0 };
		_cleanup_(reconcile_plan_free) struct reconcile_plan plan = { 0 };
		_cleanup_json_ struct json_object *spec = parse("{\"timeLimit\":30}"), *now = NULL;

		snprintf(object, sizeof(object), OBJECT("%s", "%s"), rows[i].managed, rows[i].sending);
		take(&f, object);
		snprintf(now_text, sizeof(now_text), "{\"timeLimit\":\"%s\"}", rows[i].now);
		now = parse(now_text);
		edit_plan(f.e, spec, now, false, &plan);
		if (!plan.send != !rows[i].send || !plan.spec != !rows[i].patch)
			row("%s", rows[i].what);
		assert_int_equal(!plan.send, !rows[i].send);
		assert_int_equal(!plan.spec, !rows[i].patch);
		assert_int_equal(plan.refused, rows[i].refused);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_editor),	   cmocka_unit_test(test_nothing_kept),
		cmocka_unit_test(test_mark),	   cmocka_unit_test(test_requeue),
		cmocka_unit_test(test_told_once), cmocka_unit_test(test_plan),
		cmocka_unit_test(test_in_sync),	   cmocka_unit_test(test_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
