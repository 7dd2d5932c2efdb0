/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "common/json.h"
#include "sync-agent/recorder.h"

#define SECOND 1000000LL
#define START (1000 * SECOND)

static struct recorder *make(void)
{
	return calloc(1, sizeof(struct recorder));
}

static void drop(struct recorder *r)
{
	recorder_free(r);
	free(r);
}

static void add(struct recorder *r, const char *uid, const char *reason, const char *message,
		uint64_t occasion, int64_t now)
{
	struct event_what w = { .api_version = "v",
				.kind = "k",
				.namespace = "ns",
				.name = "name",
				.uid = uid,
				.version = "1",
				.reason = reason,
				.message = message,
				.occasion = occasion };
	struct timespec wall = { .tv_sec = now / SECOND };

	recorder_add(r, &w, now, wall);
}

static int64_t count_of(const struct event_record *e)
{
	_cleanup_json_ struct json_object *body = recorder_body(e);

	return json_get_int(body, "count", -1);
}

/* All that may be written now; each is answered with that. */
static unsigned take_all(struct recorder *r, int64_t now, enum recorder_answer answer)
{
	struct event_record *e;
	unsigned n = 0;
	int64_t when;

	while ((e = recorder_next(r, now, false, false, &when))) {
		recorder_answered(r, e, answer, now);
		n++;
	}
	return n;
}

static void test_the_same_is_counted(void **state)
{
	struct recorder *r = make();
	struct event_record *e;
	int64_t when;

	add(r, "u", "Failed", "m", 0, START);
	add(r, "u", "Failed", "m", 0, START + SECOND);
	e = recorder_next(r, START, false, false, &when);
	assert_false(e->posted);
	assert_int_equal(count_of(e), 2);
	/* While it is under way. */
	add(r, "u", "Failed", "m", 0, START + 2 * SECOND);
	assert_null(recorder_next(r, START + 2 * SECOND, false, false, &when));
	recorder_answered(r, e, RECORDER_WRITTEN, START + 2 * SECOND);
	assert_ptr_equal(recorder_next(r, START + 2 * SECOND, false, false, &when), e);
	assert_true(e->posted);
	assert_int_equal(count_of(e), 3);
	recorder_answered(r, e, RECORDER_WRITTEN, START + 2 * SECOND);
	assert_null(recorder_next(r, START + 3 * SECOND, false, false, &when));
	assert_int_equal(when, INT64_MAX);
	/* Much later it is a new one; another message, too. */
	add(r, "u", "Failed", "m", 0, START + 2 * RECORDER_AGAIN_US);
	add(r, "u", "Failed", "n", 0, START + 2 * RECORDER_AGAIN_US);
	assert_int_equal(HASH_COUNT(r->records), 2);
	assert_false(r->queue->posted);
	assert_int_equal(count_of(r->queue), 1);
	drop(r);
}

static void test_once_is_once(void **state)
{
	struct recorder *r = make(), *other = make();
	int64_t when;

	add(r, "u", "Started", "on node1", 7, START);
	add(r, "u", "Started", "on node2", 7, START + SECOND);
	assert_int_equal(take_all(r, START, RECORDER_WRITTEN), 1);
	add(r, "u", "Started", "on node1", 7, START + 2 * SECOND);
	assert_null(recorder_next(r, START + 2 * SECOND, false, false, &when));
	add(r, "u", "Started", "on node1", 8, START + 2 * SECOND);
	assert_non_null(recorder_next(r, START + 2 * SECOND, false, false, &when));
	/* Another agent, later, gives it the same name. */
	add(other, "u", "Started", "on node1", 7, START + 99 * SECOND);
	assert_string_equal(r->records->name, other->records->name);
	drop(r);
	drop(other);
}

static void test_answers(void **state)
{
	struct recorder *r = make();
	struct event_record *e;
	int64_t when;

	add(r, "u", "Failed", "m", 0, START);
	e = recorder_next(r, START, false, false, &when);
	recorder_answered(r, e, RECORDER_LATER, START);
	assert_null(recorder_next(r, START, false, false, &when));
	assert_ptr_equal(recorder_next(r, START + 3 * SECOND, false, false, &when), e);
	recorder_answered(r, e, RECORDER_WRITTEN, START);
	add(r, "u", "Failed", "m", 0, START + 4 * SECOND);
	assert_ptr_equal(recorder_next(r, START + 4 * SECOND, false, false, &when), e);
	recorder_answered(r, e, RECORDER_GONE, START + 4 * SECOND);
	assert_ptr_equal(recorder_next(r, START + 5 * SECOND, false, false, &when), e);
	assert_false(e->posted);
	assert_int_equal(count_of(e), 1);
	recorder_answered(r, e, RECORDER_NEVER, START + 5 * SECOND);
	assert_int_equal(HASH_COUNT(r->records), 0);
	/* A server that is down for long. */
	add(r, "u", "Failed", "m", 0, START);
	for (int i = 0; i < 200; i++)
		take_all(r, START + (10 + 3 * i) * SECOND, RECORDER_LATER);
	assert_int_equal(HASH_COUNT(r->records), 0);
	drop(r);
}

static void test_budget_of_all(void **state)
{
	struct recorder *r = make();
	char uid[20];
	int64_t when;

	for (int i = 0; i < 1000; i++) {
		snprintf(uid, sizeof(uid), "u%d", i);
		add(r, uid, "Failed", "m", 0, START);
	}
	assert_int_equal(take_all(r, START, RECORDER_WRITTEN), RECORDER_BURST);
	assert_int_equal(take_all(r, START + SECOND, RECORDER_WRITTEN),
			 SECOND / RECORDER_SPACING_US);
	/* With other work to do not even the burst. */
	assert_non_null(recorder_next(r, START + 100 * SECOND, true, false, &when));
	assert_null(recorder_next(r, START + 100 * SECOND, true, false, &when));
	assert_int_equal(when, START + 100 * SECOND + RECORDER_SPACING_US);
	/* At the end all. */
	while (recorder_next(r, START + 100 * SECOND, true, true, &when))
		;
	assert_int_equal(r->queued, 0);
	drop(r);
}

static void test_budget_of_an_object(void **state)
{
	struct recorder *r = make();
	char message[20];

	for (int i = 0; i < 1000; i++) {
		snprintf(message, sizeof(message), "m%d", i);
		add(r, "u", "EditRefused", message, 0, START);
	}
	assert_int_equal(r->queued, RECORDER_OBJECT_BURST);
	assert_int_equal(r->dropped, 1000 - RECORDER_OBJECT_BURST);
	add(r, "u", "EditRefused", "later", 0, START + 40 * SECOND);
	assert_int_equal(r->queued, RECORDER_OBJECT_BURST + 1);
	drop(r);
}

static void test_bounded(void **state)
{
	struct recorder *r = make();
	char uid[20];

	for (int i = 0; i < 3 * RECORDS_MAX; i++) {
		snprintf(uid, sizeof(uid), "u%d", i);
		add(r, uid, "Failed", "m", 0, START + i * SECOND);
	}
	assert_int_equal(HASH_COUNT(r->records), RECORDS_MAX);
	assert_int_equal(r->queued, RECORDS_MAX);
	drop(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_is_counted),
		cmocka_unit_test(test_once_is_once),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_budget_of_all),
		cmocka_unit_test(test_budget_of_an_object),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
