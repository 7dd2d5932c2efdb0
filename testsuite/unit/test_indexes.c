/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <errno.h>
#include <time.h>

#include "sync-agent/mirror/indexes.h"

static void test_parse_and_format(void **state)
{
	static const struct {
		const char *text;
		const char *compact; /* NULL: refused */
		size_t count;
	} rows[] = {
		{ "", "", 0 },
		{ "%4", "", 0 },
		{ "0", "0", 1 },
		{ "7", "7", 1 },
		{ "0-9", "0-9", 10 },
		{ "0-9,12", "0-9,12", 11 },
		{ "12,0-9", "0-9,12", 11 },
		{ "0,1,2,3", "0-3", 4 },
		{ "1,2", "1-2", 2 },
		{ "5-5", "5", 1 },
		{ "0-8:2,12%3", "0,2,4,6,8,12", 6 },
		{ "0-9:3", "0,3,6,9", 4 },
		{ "0-8:100", "0", 1 },
		{ "4:2", "4", 1 },
		{ "0-3%50", "0-3", 4 },
		{ "60-70", "60-70", 11 },
		{ "63,64", "63-64", 2 },
		{ "0-63", "0-63", 64 },
		{ "0-127", "0-127", 128 },
		{ "1-126", "1-126", 126 },
		{ "00012", "12", 1 },
		{ "4000000", "4000000", 1 },
		{ "0-4000000", "0-4000000", 4000001 },
		{ "4000001", NULL, 0 },
		{ "0-4000001", NULL, 0 },
		{ "99999999999999999999999999", NULL, 0 },
		{ "9-0", NULL, 0 },
		{ "-1", NULL, 0 },
		{ "1-", NULL, 0 },
		{ "1--2", NULL, 0 },
		{ "1-2-3", NULL, 0 },
		{ "1-2:", NULL, 0 },
		{ "1-2:0", NULL, 0 },
		{ "1-2:-1", NULL, 0 },
		{ ",", NULL, 0 },
		{ ",1", NULL, 0 },
		{ "1,", NULL, 0 },
		{ "1,%2", NULL, 0 },
		{ "1,,2", NULL, 0 },
		{ "1, 2", NULL, 0 },
		{ " 1", NULL, 0 },
		{ "+1", NULL, 0 },
		{ "0x10", NULL, 0 },
		{ "1;2", NULL, 0 },
		{ "0-9,...", NULL, 0 },
		{ "\xd9\xa1", NULL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(indexes_free) struct indexes set = { 0 };
		_cleanup_free_ char *text = NULL;
		struct error err = { 0 };
		int rc = indexes_parse(&set, rows[i].text, &err);

		if (rc != (rows[i].compact ? 0 : -1))
			row("'%s': %s", rows[i].text, err.text);
		assert_int_equal(rc, rows[i].compact ? 0 : -1);
		if (!rows[i].compact) {
			assert_int_equal(err.code, EINVAL);
			assert_int_equal(indexes_parse(&set, rows[i].text, NULL), -1);
			continue;
		}
		text = indexes_format(&set);
		assert_string_equal(text, rows[i].compact);
		assert_int_equal(indexes_count(&set), rows[i].count);
	}
}

/* What is refused has added nothing. */
static void test_refused_adds_nothing(void **state)
{
	_cleanup_(indexes_free) struct indexes set = { 0 };

	assert_int_equal(indexes_add(&set, 3), 0);
	assert_int_equal(indexes_parse(&set, "5-9,x", NULL), -1);
	assert_int_equal(indexes_count(&set), 1);
}

static void test_add(void **state)
{
	_cleanup_(indexes_free) struct indexes set = { 0 };
	_cleanup_free_ char *text = NULL;

	assert_int_equal(indexes_add(&set, INDEXES_MAX - 1), 0);
	assert_int_equal(indexes_add(&set, INDEXES_MAX), -1);
	assert_int_equal(indexes_add(&set, UINT32_MAX), -1);
	assert_int_equal(indexes_add(&set, 0), 0);
	assert_int_equal(indexes_add(&set, 0), 0);
	text = indexes_format(&set);
	assert_string_equal(text, "0,4000000");
}

static void test_join_and_remove(void **state)
{
	static const struct {
		const char *a, *b, *both, *without;
	} rows[] = {
		{ "", "", "", "" },
		{ "0-9", "", "0-9", "0-9" },
		{ "", "0-9", "0-9", "" },
		{ "0-9", "5", "0-9", "0-4,6-9" },
		{ "0-9", "0-9", "0-9", "" },
		{ "1", "4000000", "1,4000000", "1" },
		{ "1,4000000", "1", "1,4000000", "4000000" },
		{ "0-200:2", "1-199:2", "0-200", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(indexes_free) struct indexes a = { 0 }, b = { 0 };
		_cleanup_free_ char *both = NULL, *without = NULL;

		assert_int_equal(indexes_parse(&a, rows[i].a, NULL), 0);
		assert_int_equal(indexes_parse(&b, rows[i].b, NULL), 0);
		assert_int_equal(indexes_join(&a, &b), 0);
		both = indexes_format(&a);
		assert_string_equal(both, rows[i].both);
		indexes_free(&a);
		assert_int_equal(indexes_parse(&a, rows[i].a, NULL), 0);
		indexes_remove(&a, &b);
		without = indexes_format(&a);
		if (rows[i].without)
			assert_string_equal(without, rows[i].without);
	}
}

/* Whatever set: its text gives it again. */
static void test_round_trip(void **state)
{
	uint32_t random = 1;

	for (int i = 0; i < 2000; i++) {
		_cleanup_(indexes_free) struct indexes set = { 0 }, back = { 0 };
		_cleanup_free_ char *text = NULL, *again = NULL;

		for (int n = 0; n < 40; n++) {
			random = random * 1664525 + 1013904223;
			assert_int_equal(indexes_add(&set, (random >> 8) % 150), 0);
		}
		text = indexes_format(&set);
		assert_int_equal(indexes_parse(&back, text, NULL), 0);
		again = indexes_format(&back);
		assert_string_equal(text, again);
		assert_int_equal(indexes_count(&set), indexes_count(&back));
	}
}

/* A text that lists everything over and over is refused, and soon. */
static void test_bomb(void **state)
{
	static const char part[] = "0-4000000,";
	const size_t n = 20000;
	_cleanup_free_ char *text = malloc(n * (sizeof(part) - 1) + 2);
	_cleanup_(indexes_free) struct indexes set = { 0 };
	clock_t began = clock();

	for (size_t i = 0; i < n; i++)
		memcpy(text + i * (sizeof(part) - 1), part, sizeof(part));
	strcat(text, "1");
	assert_int_equal(indexes_parse(&set, text, NULL), -1);
	assert_true(clock() - began < CLOCKS_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_and_format),
		cmocka_unit_test(test_refused_adds_nothing),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_join_and_remove),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_bomb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
