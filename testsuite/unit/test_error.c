/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <errno.h>

#include "common/error.h"

static void test_set(void **state)
{
	struct error err;

	assert_int_equal(error_set(&err, EINVAL, "thing %d", 7), -1);
	assert_int_equal(err.code, EINVAL);
	assert_string_equal(err.text, "thing 7");
	/* An error is never code 0. */
	assert_int_equal(error_set(&err, 0, "thing"), -1);
	assert_int_equal(err.code, EIO);
}

static void test_errno(void **state)
{
	struct error err;

	errno = EACCES;
	assert_int_equal(error_errno(&err, "/some/%s", "file"), -1);
	assert_int_equal(err.code, EACCES);
	assert_string_equal(err.text, "/some/file: Permission denied");
}

static void test_wrap(void **state)
{
	struct error err;

	error_set(&err, ENOENT, "no such file");
	assert_int_equal(error_wrap(&err, "bundle %s", "/b"), -1);
	assert_int_equal(error_wrap(&err, "container"), -1);
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(err.text, "container: bundle /b: no such file");
}

/* A text that holds the format's own letters isn't taken for one. */
static void test_wrap_hostile(void **state)
{
	struct error err;

	error_set(&err, EINVAL, "%s", "%n%s%1000000d");
	error_wrap(&err, "%s", "%s");
	assert_string_equal(err.text, "%s: %n%s%1000000d");
}

static void test_too_long(void **state)
{
	char text[2000];
	struct error err;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&err, EINVAL, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	for (int i = 0; i < 100; i++)
		error_wrap(&err, "deeper");
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	error_wrap(&err, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	errno = ENOENT;
	error_errno(&err, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void test_null(void **state)
{
	assert_int_equal(error_set(NULL, EINVAL, "thing"), -1);
	assert_int_equal(error_errno(NULL, "thing"), -1);
	assert_int_equal(error_wrap(NULL, "thing"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),          cmocka_unit_test(test_errno),
		cmocka_unit_test(test_wrap),         cmocka_unit_test(test_wrap_hostile),
		cmocka_unit_test(test_too_long),     cmocka_unit_test(test_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
