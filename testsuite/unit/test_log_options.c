/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "sync-agent/kubelet/options.h"

static void test_values(void **state)
{
	static const struct {
		const char *name, *value;
		int code; /* 0: fine */
	} rows[] = {
		{ "follow", "true", 0 }, { "follow", "1", 0 }, { "follow", "F", 0 },
		{ "follow", "yes", 400 }, { "follow", "", 400 }, { "previous", "True", 0 },
		{ "timestamps", "2", 400 }, { "tailLines", "0", 0 }, { "tailLines", "-1", 422 },
		{ "tailLines", "", 400 }, { "tailLines", "1x", 400 }, { "tailLines", " 1", 400 },
		{ "tailLines", "99999999999999999999", 400 }, { "tail", "all", 0 }, { "tail", "5", 0 },
		{ "tail", "none", 400 }, { "limitBytes", "1", 0 }, { "limitBytes", "0", 422 },
		{ "sinceSeconds", "1", 0 }, { "sinceSeconds", "0", 422 },
		{ "sinceSeconds", "9223372036854775807", 0 }, { "sinceSeconds", "now", 400 },
		{ "sinceTime", "2026-01-01T12:00:00Z", 0 }, { "sinceTime", "yesterday", 400 },
		{ "insecureSkipTLSVerifyBackend", "what", 0 }, { "", "", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct log_options o = LOG_OPTIONS_INIT;
		struct error err = { 0 };
		int rc = log_options_set(&o, rows[i].name, rows[i].value, &err);

		if (err.code != rows[i].code)
			row("%s=%s: %d", rows[i].name, rows[i].value, err.code);
		assert_int_equal(rc, rows[i].code ? -1 : 0);
		assert_int_equal(err.code, rows[i].code);
	}
}

static void test_effects(void **state)
{
	struct log_options o = LOG_OPTIONS_INIT;
	struct error err;

	assert_int_equal(o.tail, -1);
	assert_int_equal(o.limit, -1);
	assert_int_equal(log_options_set(&o, "follow", "true", &err), 0);
	assert_int_equal(log_options_set(&o, "tailLines", "7", &err), 0);
	assert_int_equal(log_options_set(&o, "limitBytes", "9", &err), 0);
	assert_int_equal(log_options_set(&o, "sinceTime", "2026-01-01T13:00:00.5+01:00", &err), 0);
	assert_true(o.follow && !o.previous && !o.timestamps);
	assert_int_equal(o.tail, 7);
	assert_int_equal(o.limit, 9);
	assert_int_equal(o.since.tv_sec, 1767268800);
	assert_int_equal(o.since.tv_nsec, 500000000);
	assert_int_equal(log_options_check(&o, &err), 0);
	assert_int_equal(log_options_set(&o, "tail", "all", &err), 0);
	assert_int_equal(o.tail, -1);
	assert_int_equal(log_options_set(&o, "sinceSeconds", "60", &err), 0);
	assert_in_range(o.since.tv_sec, time(NULL) - 70, time(NULL) - 60);
	assert_int_equal(log_options_check(&o, &err), -1);
	assert_int_equal(err.code, 422);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_effects),
	};

	return cmocka_run_group_tests_name("log options", tests, NULL, NULL);
}
