/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "sync-agent/slurm/gres.h"

static void test_counts(void **state)
{
	static const struct {
		const char *text, *name;
		uint64_t n;
	} rows[] = {
		{ "gpu:2", "gpu", 2 },
		{ "gpu", "gpu", 1 },
		{ "gpu:a100:2", "gpu:a100", 2 },
		{ "gpu:a100", "gpu:a100", 1 },
		{ "gpu:a100:2(S:0-1)", "gpu:a100", 2 },
		{ "gpu:a100:1(IDX:0,2),shard:8(4/8,4/8)", "gpu:a100", 1 },
		{ "gpu:a100:1(IDX:0,2),shard:8(4/8,4/8)", "shard", 8 },
		{ "gpu:(null):0(IDX:N/A)", "gpu", 0 },
		{ "gpu:(null):3(IDX:0-2)", "gpu", 3 },
		{ "lustre:no_consume:4G", "lustre", UINT32_MAX },
		{ "bandwidth:lustre:no_consume:4K", "bandwidth:lustre", 4096 },
		{ "gpu:1,gpu:2", "gpu", 3 },
		{ "gpu:2,", "gpu", 2 },
		{ ",,gpu:2", "gpu", 2 },
		{ "gpu:2)", "gpu", 2 },
		{ "gpu:2(S:0", "gpu", 2 },
		{ "gpu:99999999999999999999", "gpu:99999999999999999999", 1 },
		{ "gpu:4KB", "gpu:4KB", 1 },
		{ "7", "7", 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tally t = { 0 };

		gres_count(&t, rows[i].text, false);
		if (tally_total(&t, rows[i].name) != rows[i].n)
			row("%s", rows[i].text);
		assert_int_equal(tally_total(&t, rows[i].name), rows[i].n);
		tally_free(&t);
	}
}

static void test_nothing(void **state)
{
	static const char *const texts[] = { "", ",", "()", "(", ":", ":::", "(null)" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct tally t = { 0 };

		gres_count(&t, texts[i], false);
		if (t.n)
			row("'%s'", texts[i]);
		assert_int_equal(t.n, 0);
	}
}

static void test_used(void **state)
{
	struct tally t = { 0 };

	gres_count(&t, "gpu:a100:4(S:0),gpu:h100:2", false);
	gres_count(&t, "gpu:a100:3(IDX:0-2),gpu:h100:0(IDX:N/A)", true);
	assert_int_equal(t.n, 2);
	assert_string_equal(t.rows[0].name, "gpu:a100");
	assert_int_equal(t.rows[0].total, 4);
	assert_int_equal(t.rows[0].used, 3);
	assert_int_equal(t.rows[1].used, 0);
	tally_free(&t);
}

/* Sorted, cut, and bounded in number. */
static void test_tally(void **state)
{
	struct tally t = { 0 };
	char name[TALLY_NAME + 10];

	memset(name, 'x', sizeof(name));
	tally_add(&t, name, sizeof(name), 1, 0);
	assert_int_equal(strlen(t.rows[0].name), TALLY_NAME - 1);
	tally_add(&t, name, sizeof(name) - 1, 1, 0);
	assert_int_equal(t.n, 1);
	for (int i = 0; i < TALLY_MOST * 2; i++) {
		int n = snprintf(name, sizeof(name), "%d", i * 7919 % 1000);

		tally_add(&t, name, n, 1, 0);
	}
	assert_int_equal(t.n, TALLY_MOST);
	for (size_t i = 1; i < t.n; i++)
		assert_true(strcmp(t.rows[i - 1].name, t.rows[i].name) < 0);
	tally_free(&t);
	tally_add(&t, "b", 1, 2, 1);
	tally_add(&t, "b", 1, 5, 0);
	tally_add(&t, "a", 1, 1, 0);
	assert_int_equal(tally_total(&t, "b"), 7);
	assert_int_equal(tally_total(&t, "a"), 1);
	assert_int_equal(tally_total(&t, "c"), 0);
	tally_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_used),
		cmocka_unit_test(test_tally),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
