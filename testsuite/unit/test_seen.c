/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "sync-agent/slurm/seen.h"

static void test_note(void **state)
{
	static const uint32_t left[] = { 1, 5, 9, 1000 };
	struct seen s = { 0 };

	assert_true(seen_note(&s, 5, 50));
	assert_false(seen_note(&s, 5, 50));
	assert_true(seen_note(&s, 5, 51));
	assert_true(seen_note(&s, 9, 90));
	assert_true(seen_note(&s, 1, 10));
	assert_true(seen_note(&s, 7, 70));
	assert_false(seen_note(&s, 1, 10));
	assert_false(seen_note(&s, 9, 90));
	seen_keep(&s, left, ARRAY_SIZE(left));
	assert_int_equal(s.n, 3);
	assert_false(seen_note(&s, 1, 10));
	assert_false(seen_note(&s, 5, 51));
	assert_true(seen_note(&s, 7, 70));
	seen_keep(&s, NULL, 0);
	assert_int_equal(s.n, 0);
	seen_free(&s);
}

static void test_many(void **state)
{
	enum { N = 20000 };
	static uint64_t truth[N];
	struct seen s = { 0 };
	unsigned seed = 7;

	for (int i = 0; i < 3 * N; i++) {
		uint32_t key = rand_r(&seed) % N;
		uint64_t fingerprint = 1 + rand_r(&seed) % 3;

		assert_true(seen_note(&s, key, fingerprint) == (truth[key] != fingerprint));
		truth[key] = fingerprint;
	}
	for (size_t i = 1; i < s.n; i++)
		assert_true(s.keys[i - 1] < s.keys[i]);
	seen_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_note),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
