/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <time.h>

#include "sync-agent/mirror/when.h"

#define NOON 1767268800 /* 2026-01-01T12:00:00Z */

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		time_t when; /* with Berlin's time, an hour ahead in winter */
	} rows[] = {
		{ "2026-01-01T13:00:00", NOON }, { "2026-01-01T13:00", NOON },
		{ "2026-01-01T13:00:59", NOON + 59 }, { "2026-07-01T14:00:00", 1782907200 },
		{ "", 0 }, { "now", 0 }, { "now+1hour", 0 }, { "13:00", 0 }, { "2026-01-01", 0 },
		{ "2026-01-01T13:00:", 0 }, { "2026-01-01T13:00:0", 0 }, { "2026-01-01T13:00:99", 0 },
		{ "2026-01-01T13:00:00Z", 0 }, { "2026-01-01T13:00:00 ", 0 }, { " 2026-01-01T13:00", 0 },
		{ "2026-13-01T13:00:00", 0 }, { "1960-01-01T00:00:00", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (when_parse(rows[i].text) != rows[i].when)
			row("%s: %lld", rows[i].text, (long long)when_parse(rows[i].text));
		assert_int_equal(when_parse(rows[i].text), rows[i].when);
	}
}

static void test_stamp(void **state)
{
	static const struct {
		const char *text;
		int64_t when;
	} rows[] = {
		{ "2026-01-01T12:00:00Z", NOON * INT64_C(1000000) },
		{ "2026-01-01T13:30:00+01:30", NOON * INT64_C(1000000) },
		{ "2026-01-01T06:00:00-06:00", NOON * INT64_C(1000000) },
		{ "2026-01-01T12:00:00.25Z", NOON * INT64_C(1000000) + 250000 },
		{ "2026-01-01T12:00:00.1234567890123Z", NOON * INT64_C(1000000) + 123456 },
		{ "", 0 }, { "2026-01-01T12:00Z", 0 }, { "2026-01-01T12:00:00", 0 },
		{ "2026-01-01T12:00:00+1:30", 0 }, { "2026-01-01T12:00:00+01:30x", 0 },
		{ "2026-01-01T12:00:00+99:30", 0 }, { "2026-01-01T12:00:00ZZ", 0 }, { "now", 0 },
		{ "2026-01-01T12:00:00+01", 0 }, { "1960-01-01T12:00:00Z", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (when_parse_stamp(rows[i].text) != rows[i].when)
			row("%s: %lld", rows[i].text, (long long)when_parse_stamp(rows[i].text));
		assert_int_equal(when_parse_stamp(rows[i].text), rows[i].when);
	}
}

static void test_round(void **state)
{
	char text[WHEN_SIZE];

	when_format(NOON, text);
	assert_string_equal(text, "2026-01-01T13:00:00");
	assert_int_equal(when_parse(text), NOON);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_stamp),
		cmocka_unit_test(test_round),
	};

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
