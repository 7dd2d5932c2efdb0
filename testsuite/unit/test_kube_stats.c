/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "sync-agent/kube/stats.h"
#include "sync-agent/kube/window.h"

static void test_counts(void **state)
{
	static const struct {
		const char *method;
		int watch;
		long status;
		int64_t took_us;
		enum kube_method counted;
		enum kube_class class;
		int bucket; /* -1: none */
	} rows[] = {
		{ "GET", 0, 200, 1000, KUBE_GET, KUBE_2XX, 0 },
		{ "GET", 1, 200, 1001, KUBE_WATCH, KUBE_2XX, 1 },
		{ "POST", 0, 201, 0, KUBE_POST, KUBE_2XX, 0 },
		{ "PUT", 0, 409, 30000000, KUBE_PUT, KUBE_CONFLICT, KUBE_BUCKETS - 1 },
		{ "PATCH", 0, 429, 30000001, KUBE_PATCH, KUBE_TOO_MANY, -1 },
		{ "DELETE", 0, 404, 5000, KUBE_DELETE, KUBE_4XX, 2 },
		{ "OPTIONS", 0, 503, 5001, KUBE_GET, KUBE_5XX, 3 },
		{ "PATCH", 0, 301, 500000, KUBE_PATCH, KUBE_4XX, 8 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kube_stats s = { 0 };
		enum kube_method m = kube_method_of(rows[i].method, rows[i].watch);

		kube_stats_add(&s, m, rows[i].status, rows[i].took_us);
		assert_int_equal(m, rows[i].counted);
		assert_int_equal(s.requests[m][rows[i].class], 1);
		assert_int_equal(s.latency[m].count, 1);
		assert_int_equal(s.latency[m].sum_us, rows[i].took_us);
		for (int b = 0; b < KUBE_BUCKETS; b++)
			assert_int_equal(s.latency[m].buckets[b], b == rows[i].bucket);
	}
}

static void test_no_answer_has_no_latency(void **state)
{
	struct kube_stats s = { 0 };

	kube_stats_add(&s, KUBE_PUT, 0, 99);
	assert_int_equal(s.requests[KUBE_PUT][KUBE_NO_ANSWER], 1);
	assert_int_equal(s.latency[KUBE_PUT].count, 0);
}

static void answers(struct window *w, unsigned n, int64_t took_us)
{
	for (unsigned i = 0; i < n; i++)
		window_answered(w, took_us);
}

static void test_window_grows(void **state)
{
	struct window w;

	window_init(&w);
	assert_int_equal(w.size, WINDOW_MAX / 2);
	answers(&w, 5000, 3000);
	assert_int_equal(w.size, WINDOW_MAX);
}

static void test_too_much_halves(void **state)
{
	struct window w;

	window_init(&w);
	window_too_much(&w);
	assert_int_equal(w.size, WINDOW_MAX / 4);
	for (int i = 0; i < 10; i++)
		window_too_much(&w);
	assert_int_equal(w.size, WINDOW_MIN);
	answers(&w, 5000, 3000);
	assert_int_equal(w.size, WINDOW_MAX);
}

static void test_rising_latency_shrinks(void **state)
{
	struct window w;

	window_init(&w);
	answers(&w, 5000, 3000);
	/* Busy: not below what is enough. */
	answers(&w, 500, 60000);
	assert_int_equal(w.size, WINDOW_ENOUGH);
	/* In trouble: to the least. */
	answers(&w, 100, 2000000);
	assert_int_equal(w.size, WINDOW_MIN);
	/* It recovers. */
	answers(&w, 5000, 3000);
	assert_int_equal(w.size, WINDOW_MAX);
}

static void test_slower_for_good(void **state)
{
	struct window w;

	window_init(&w);
	answers(&w, 5000, 3000);
	answers(&w, 5000, 60000);
	assert_int_equal(w.size, WINDOW_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_no_answer_has_no_latency),
		cmocka_unit_test(test_window_grows),
		cmocka_unit_test(test_too_much_halves),
		cmocka_unit_test(test_rising_latency_shrinks),
		cmocka_unit_test(test_slower_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
