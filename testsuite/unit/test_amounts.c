/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "sync-agent/mirror/amounts.h"

static void test_memory(void **state)
{
	static const struct {
		const char *text;
		int rc;
		uint64_t megabytes;
	} rows[] = {
		{ "0", 0, 0 }, { "4000", 0, 4000 }, { "4G", 0, 4096 }, { "4g", 0, 4096 },
		{ "4GB", 0, 4096 }, { "512m", 0, 512 }, { "512mb", 0, 512 }, { "1T", 0, 1048576 },
		{ "1P", 0, 1073741824 }, { "1K", 0, 1 }, { "1024K", 0, 1 }, { "1025k", 0, 2 },
		{ "7B", 0, 7 }, { "", -1, 0 }, { "G", -1, 0 }, { "-1", -1, 0 }, { "1.5G", -1, 0 },
		{ "4X", -1, 0 }, { "4GG", -1, 0 }, { "4Gx", -1, 0 }, { " 4", -1, 0 },
		{ "99999999999999999999", -1, 0 }, { "9999999999999999", -1, 0 },
		{ "999999999999T", -1, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t megabytes = 0;
		int rc = memory_parse(rows[i].text, &megabytes);

		if (rc != rows[i].rc || megabytes != rows[i].megabytes)
			row("'%s': %d, %llu", rows[i].text, rc, (unsigned long long)megabytes);
		assert_int_equal(rc, rows[i].rc);
		assert_int_equal(megabytes, rows[i].megabytes);
	}
}

static void test_node_count(void **state)
{
	static const struct {
		const char *text;
		int rc;
		uint32_t min, max;
	} rows[] = {
		{ "1", 0, 1, 1 }, { "2-4", 0, 2, 4 }, { "1k", 0, 1024, 1024 },
		{ "1K-2m", 0, 1024, 2097152 }, { "4294967293", 0, 4294967293u, 4294967293u },
		{ "4294967294", -1, 0, 0 }, { "4194304k", -1, 0, 0 }, { "4-2", -1, 0, 0 },
		{ "", -1, 0, 0 }, { "-2", -1, 0, 0 }, { "2-", -1, 0, 0 }, { "2-4-6", -1, 0, 0 },
		{ "2,4", -1, 0, 0 }, { "two", -1, 0, 0 }, { "2x", -1, 0, 0 },
		{ "99999999999999999999", -1, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t min = 0, max = 0;
		int rc = node_count_parse(rows[i].text, &min, &max);

		if (rc != rows[i].rc || min != rows[i].min || max != rows[i].max)
			row("'%s': %d, %u-%u", rows[i].text, rc, min, max);
		assert_int_equal(rc, rows[i].rc);
		assert_int_equal(min, rows[i].min);
		assert_int_equal(max, rows[i].max);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_node_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
