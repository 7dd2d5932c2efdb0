/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "sync-agent/mirror/minutes.h"
#include "sync-agent/slurm/job.h"

/* As time_str2mins() of Slurm 22.05 reads them. */
static void test_parse(void **state)
{
	static const struct {
		const char *text;
		uint64_t minutes;
	} rows[] = {
		{ "0", 0 },
		{ "1", 1 },
		{ "60", 60 },
		{ "007", 7 },
		{ "4294967295", 4294967295 },
		{ "0:0", 0 },
		{ "0:1", 1 },
		{ "1:00", 1 },
		{ "1:01", 2 },
		{ "90:00", 90 },
		{ "1:61", 3 },
		{ "1:00:00", 60 },
		{ "01:30:00", 90 },
		{ "1:30:01", 91 },
		{ "0:0:59", 1 },
		{ "0:0:60", 1 },
		{ "0:0:61", 2 },
		{ "100:00:00", 6000 },
		{ "1-0", 1440 },
		{ "1-12", 2160 },
		{ "1-12:30", 2190 },
		{ "1-12:30:00", 2190 },
		{ "1-12:30:01", 2191 },
		{ "0-0:0:60", 1 },
		{ "0-0:0:61", 2 },
		{ "0-0:0:120", 2 },
		{ "0-0:1", 1 },
		{ "365-0", 525600 },
		{ "UNLIMITED", JOB_UNLIMITED },
		{ "unlimited", JOB_UNLIMITED },
		{ "INFINITE", JOB_UNLIMITED },
		{ "Infinite", JOB_UNLIMITED },
		{ "-1", JOB_UNLIMITED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t minutes = 12345;
		int rc = minutes_parse(rows[i].text, &minutes);

		if (rc < 0 || minutes != rows[i].minutes)
			row("%s: %d, %llu", rows[i].text, rc, (unsigned long long)minutes);
		assert_int_equal(rc, 0);
		assert_true(minutes == rows[i].minutes);
	}
}

static void test_refused(void **state)
{
	static const char *const rows[] = {
		"", " ", "x", "1x", "x1", " 60", "60 ", "+60", "-2", "-", "--1", "1-", "-1-0", "1-x", "1--1",
		"1-2-3", "1:", ":1", "::", "1::2", "1:2:3:4", "1-1:2:3:4", "1-:2", "1:-2", "1.5", "1e3", "0x10",
		"1:2:", "1,5", "60 minutes", "UNLIMITEDx", "4294967296", "99999999999999999999999",
		"1:99999999999999999999999", "99999999999999999999999-1", "1-4294967296", "\xd9\xa1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t minutes = 12345;
		int rc = minutes_parse(rows[i], &minutes);

		if (rc == 0)
			row("'%s': %llu", rows[i], (unsigned long long)minutes);
		assert_int_equal(rc, -1);
		assert_int_equal(minutes, 12345);
	}
}

static void test_format(void **state)
{
	static const struct {
		uint64_t minutes;
		const char *text;
	} rows[] = {
		{ 0, "00:00:00" },
		{ 1, "00:01:00" },
		{ 60, "01:00:00" },
		{ 90, "01:30:00" },
		{ 1439, "23:59:00" },
		{ 1440, "1-00:00:00" },
		{ 3600, "2-12:00:00" },
		{ 525600, "365-00:00:00" },
		{ UINT32_MAX, "2982616-04:15:00" },
		{ JOB_UNLIMITED, "UNLIMITED" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[32];

		minutes_format(rows[i].minutes, text, sizeof(text));
		assert_string_equal(text, rows[i].text);
	}
}

static void test_round_trip(void **state)
{
	for (uint64_t minutes = 0; minutes <= UINT32_MAX; minutes += minutes / 100 + 1) {
		uint64_t back = 0;
		char text[32];

		minutes_format(minutes, text, sizeof(text));
		assert_int_equal(minutes_parse(text, &back), 0);
		assert_true(back == minutes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
