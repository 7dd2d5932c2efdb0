/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "sync-agent/mirror/tres.h"

static const char *name(uint32_t id)
{
	static const char *const names[] = { NULL, "cpu", "mem", "energy", "node", "billing" };

	return id < ARRAY_SIZE(names) ? names[id] : id == 1001 ? "gres/gpu" : NULL;
}

static void assert_text(const char *text, const char *expected)
{
	if (!expected)
		assert_null(text);
	else
		assert_string_equal(text, expected);
}

static void test_texts(void **state)
{
	static const struct {
		const char *text, *allocated, *used;
	} rows[] = {
		{ NULL, NULL, NULL },
		{ "", NULL, NULL },
		{ "1=4,2=8192,4=2,5=4,1001=1", "cpu=4,mem=8G,node=2,billing=4,gres/gpu=1",
		  "cpu=00:00:00,mem=8K,node=2,billing=4,gres/gpu=1" },
		{ "2=500", "mem=500M", "mem=0K" },
		{ "1=3723004,2=6574080", "cpu=3723004,mem=6420G", "cpu=01:02:03,mem=6420K" },
		{ "1=4,77=3", "cpu=4", "cpu=00:00:00" },
		/* Slurm's NO_VAL64 and INFINITE64. */
		{ "3=18446744073709551614,1=1", "cpu=1", "cpu=00:00:00" },
		{ "3=18446744073709551615", NULL, NULL },
		/* Up to what is no item. */
		{ "1=4,cpu=3", "cpu=4", "cpu=00:00:00" },
		{ "1=4,,4=2", "cpu=4", "cpu=00:00:00" },
		{ "1=-4", NULL, NULL },
		{ "=4", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *allocated = tres_allocated(rows[i].text, name);
		_cleanup_free_ char *used = tres_used(rows[i].text, name);

		assert_text(allocated, rows[i].allocated);
		assert_text(used, rows[i].used);
	}
}

static void test_amounts(void **state)
{
	assert_int_equal(tres_amount("1=4,2=8000", TRES_ID_MEMORY), 8000);
	assert_int_equal(tres_amount("11=4,2=8000", TRES_ID_CPU), 0);
	assert_int_equal(tres_amount(NULL, TRES_ID_CPU), 0);
	assert_int_equal(tres_amount("3=18446744073709551614", TRES_ID_ENERGY), 0);
}

static void test_sum(void **state)
{
	static const struct {
		const char *add, *sum;
	} rows[] = {
		{ NULL, NULL },
		{ "1=4,2=10", "1=4,2=10" },
		{ "2=5,12=1", "1=4,2=15,12=1" },
		{ "", "1=4,2=15,12=1" },
		{ "1=1,1001=2", "1=5,2=15,12=1,1001=2" },
	};
	_cleanup_free_ char *sum = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(tres_sum(&sum, rows[i].add), 0);
		assert_text(sum, rows[i].sum);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_amounts),
		cmocka_unit_test(test_sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
