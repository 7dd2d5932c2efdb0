/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "sync-agent/mirror/quantity.h"

static void test_values(void **state)
{
	static const struct {
		const char *text;
		int64_t scale, value;
	} rows[] = {
		{ "0", 1000, 0 },
		{ "2", 1000, 2000 },
		{ "1.5", 1000, 1500 },
		{ "500m", 1000, 500 },
		{ "0.1", 1, 1 },
		{ "1m", 1, 1 },
		{ "1500m", 1, 2 },
		{ "10k", 1, 10000 },
		{ "1Ki", 1, 1024 },
		{ "1.5Gi", 1, 1610612736 },
		{ "16000Mi", 1, INT64_C(16000) << 20 },
		{ "1e3", 1, 1000 },
		{ "12E-1", 1, 2 },
		{ "5E", 1, INT64_C(5000000000000000000) },
		{ ".5", 1000, 500 },
		{ "5.", 1, 5 },
		{ "7Ei", 1, INT64_C(7) << 60 },
		{ "1000000n", 1000, 1 },
		{ "1u", 1000, 1 },
		{ "100000000000000000", 1, INT64_C(100000000000000000) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t n = -1;

		if (quantity_parse(rows[i].text, rows[i].scale, &n) < 0 || n != rows[i].value)
			fail_msg("%s: %lld", rows[i].text, (long long)n);
	}
}

static void test_refused(void **state)
{
	static const char *const texts[] = { NULL,
					     "",
					     "x",
					     "-1",
					     "+1",
					     "1 ",
					     " 1",
					     "1KI",
					     "1ki",
					     "1e",
					     "1e 3",
					     "1.2.3",
					     ".",
					     "1Mii",
					     "9Ei",
					     "1e30",
					     "1e99",
					     "10E",
					     "1000000000000000000000",
					     "99999999999999999P" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		int64_t n = -1;

		if (quantity_parse(texts[i], 1, &n) == 0)
			fail_msg("%s: taken as %lld", texts[i], (long long)n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_values),
					    cmocka_unit_test(test_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
