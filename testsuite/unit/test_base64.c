/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "sync-agent/kube/base64.h"

static void test_decode(void **state)
{
	static const struct {
		const char *text, *bytes; /* NULL: none */
	} rows[] = {
		/* RFC 4648, section 10 */
		{ "", "" },
		{ "Zg==", "f" },
		{ "Zm8=", "fo" },
		{ "Zm9v", "foo" },
		{ "Zm9vYg==", "foob" },
		{ "Zm9vYmE=", "fooba" },
		{ "Zm9vYmFy", "foobar" },
		{ "Zm9v\nYmFy\r\n", "foobar" },
		{ " Z g = = ", "f" },
		{ "Zg", "f" },
		{ "+/+/", "\xfb\xff\xbf" },
		{ "====", "" },
		{ "Z", NULL },
		{ "Zm9vY", NULL },
		{ "Zm9v!", NULL },
		{ "Zg==Zg==", NULL },
		{ "Z=g=", NULL },
		{ "-_-_", NULL },
		{ "Zm9v\xff", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len = 99;
		_cleanup_free_ char *bytes = base64_decode(rows[i].text, &len);

		if (!bytes != !rows[i].bytes)
			row("'%s'", rows[i].text);
		assert_int_equal(!bytes, !rows[i].bytes);
		if (!bytes)
			continue;
		assert_int_equal(len, strlen(rows[i].bytes));
		assert_string_equal(bytes, rows[i].bytes);
	}
}

static void test_all_bytes(void **state)
{
	size_t len;
	_cleanup_free_ char *bytes = base64_decode("AAECAwD/", &len);

	assert_int_equal(len, 6);
	assert_memory_equal(bytes, "\0\1\2\3\0\xff", 6);
	free(bytes);
	bytes = base64_decode("AAEC", NULL);
	assert_non_null(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_all_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
