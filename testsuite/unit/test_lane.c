/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "sync-agent/entry.h"

#define SECOND INT64_C(1000000)

static void test_order(void **state)
{
	struct entry one = { 0 }, two = { 0 };
	struct lane lane = { 0 };
	enum lane_work work;

	assert_int_equal(lane_next(&lane), INT64_MAX);
	assert_null(lane_take(&lane, INT64_MAX - 1, &work));
	lane_set(&lane, &one, LANE_LABEL, 30 * SECOND);
	lane_set(&lane, &two, LANE_DETAILS, 20 * SECOND);
	lane_set(&lane, &one, LANE_USAGE, 10 * SECOND);
	assert_int_equal(lane.n, 2);
	assert_int_equal(lane_next(&lane), 10 * SECOND);
	assert_null(lane_take(&lane, 10 * SECOND - 1, &work));
	assert_ptr_equal(lane_take(&lane, 60 * SECOND, &work), &one);
	assert_int_equal(work, LANE_USAGE);
	assert_ptr_equal(lane_take(&lane, 60 * SECOND, &work), &two);
	assert_int_equal(work, LANE_DETAILS);
	lane_set(&lane, &one, LANE_LABEL, 70 * SECOND);
	assert_null(lane_take(&lane, 60 * SECOND, &work));
	lane_unset(&lane, &one, LANE_LABEL);
	assert_int_equal(lane.n, 0);
	lane_unset(&lane, &one, LANE_LABEL);
	/* Never before it is due, and what is due at once is due. */
	lane_set(&lane, &one, LANE_EXPIRE, -5);
	assert_ptr_equal(lane_take(&lane, SECOND, &work), &one);
	lane_set(&lane, &one, LANE_EXPIRE, INT64_MAX / 2);
	assert_null(lane_take(&lane, 1000000 * SECOND, &work));
	lane_remove(&lane, &one);
	assert_int_equal(lane.n, 0);
	lane_free(&lane);
}

/* Against the plain way of finding the earliest. */
static void test_many(void **state)
{
	enum { N = 500 };
	static struct entry all[N];
	struct lane lane = { 0 };
	unsigned seed = 1;

	for (int round = 0; round < 20000; round++) {
		struct entry *e = &all[rand_r(&seed) % N], *taken;
		enum lane_work work = rand_r(&seed) % LANE_WORKS;
		uint32_t first = UINT32_MAX;

		if (rand_r(&seed) % 4)
			lane_set(&lane, e, work, (rand_r(&seed) % 100000 + 1) * SECOND);
		else if (rand_r(&seed) % 2)
			lane_unset(&lane, e, work);
		else
			lane_remove(&lane, e);
		for (size_t i = 0; i < N; i++)
			for (int w = 0; w < LANE_WORKS; w++)
				if (all[i].lane.due[w] && all[i].lane.due[w] < first)
					first = all[i].lane.due[w];
		assert_int_equal(lane_next(&lane),
				 first == UINT32_MAX ? INT64_MAX : first * SECOND);
		if (rand_r(&seed) % 3)
			continue;
		taken = lane_take(&lane, INT64_MAX - 1, &work);
		assert_true(!!taken == (first != UINT32_MAX));
		if (taken)
			assert_int_equal(taken->lane.due[work], 0);
	}
	lane_free(&lane);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
