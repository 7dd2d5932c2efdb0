/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <errno.h>

#include "common/buffer.h"

static void test_add_up_to_the_cap(void **state)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(10);

	assert_int_equal(buffer_add(&b, "12345", 5), 0);
	assert_int_equal(buffer_add(&b, "67890", 5), 0);
	assert_false(b.overflowed);
	assert_int_equal(b.used, 10);
	assert_string_equal(b.data, "1234567890");
	/* All or nothing. */
	assert_int_equal(buffer_add(&b, "x", 1), -1);
	assert_true(b.overflowed);
	assert_string_equal(b.data, "1234567890");
	assert_int_equal(buffer_add(&b, NULL, 0), 0);
}

static void test_add_more_than_any_cap(void **state)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(100);

	assert_int_equal(buffer_add(&b, "abc", 3), 0);
	assert_int_equal(buffer_add(&b, "x", SIZE_MAX), -1);
	assert_int_equal(buffer_add(&b, "x", SIZE_MAX - 3), -1);
	assert_string_equal(b.data, "abc");
}

static void test_cap_zero(void **state)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(0);

	assert_int_equal(buffer_add(&b, "", 0), 0);
	assert_string_equal(b.data, "");
	assert_int_equal(buffer_add(&b, "x", 1), -1);
}

static void test_grow(void **state)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(100000);

	for (int i = 0; i < 100000; i++)
		assert_int_equal(buffer_add(&b, "x", 1), 0);
	assert_int_equal(strlen(b.data), 100000);
	assert_true(b.size <= 100001);
}

static void test_bytes(void **state)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(100);

	assert_int_equal(buffer_add(&b, "a\0b", 3), 0);
	assert_int_equal(b.used, 3);
	assert_memory_equal(b.data, "a\0b", 4);
}

static void test_printf(void **state)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(12);

	assert_int_equal(buffer_printf(&b, "%s-%d", "job", 42), 0);
	assert_string_equal(b.data, "job-42");
	assert_int_equal(buffer_printf(&b, "%0100d", 1), -1);
	assert_true(b.overflowed);
	assert_string_equal(b.data, "job-42");
}

static void test_shift(void **state)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(100);

	buffer_shift(&b, 0);
	assert_int_equal(buffer_add(&b, "line\nrest", 9), 0);
	buffer_shift(&b, 5);
	assert_string_equal(b.data, "rest");
	buffer_shift(&b, 4);
	assert_string_equal(b.data, "");
	assert_int_equal(b.used, 0);
}

/* A temporary file with size bytes 'x'; path has room for 64. */
static void make_file(char *path, size_t size)
{
	_cleanup_fclose_ FILE *f = NULL;

	strcpy(path, "/tmp/slurm-kube-unit-XXXXXX");
	f = fdopen(mkstemp(path), "w");
	assert_non_null(f);
	while (size--)
		fputc('x', f);
}

static void test_read_file(void **state)
{
	static const struct {
		size_t size, max;
		int rc;
	} rows[] = {
		{ 0, 100, 0 },   { 0, 0, 0 },         { 100, 100, 0 },
		{ 101, 100, -1 }, { 100000, 100000, 0 }, { 100001, 100000, -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *text = NULL;
		struct error err = { 0 };
		size_t len = 1;
		char path[64];
		int rc;

		make_file(path, rows[i].size);
		rc = buffer_read_file(path, rows[i].max, &text, &len, &err);
		unlink(path);
		if (rc != rows[i].rc)
			row("%zu bytes, cap %zu: %s", rows[i].size, rows[i].max, err.text);
		assert_int_equal(rc, rows[i].rc);
		if (rc == 0) {
			assert_int_equal(len, rows[i].size);
			assert_int_equal(strlen(text), rows[i].size);
		} else {
			assert_null(text);
			assert_int_equal(err.code, EFBIG);
			assert_non_null(strstr(err.text, path));
		}
	}
}

static void test_read_no_file(void **state)
{
	struct error err = { 0 };
	char *text = NULL;

	assert_int_equal(buffer_read_file("/nonexistent/file", 10, &text, NULL, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(err.text, "/nonexistent/file: No such file or directory");
	assert_int_equal(buffer_read_file("/", 10, &text, NULL, &err), -1);
	assert_int_equal(err.code, EISDIR);
	assert_null(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_up_to_the_cap), cmocka_unit_test(test_add_more_than_any_cap),
		cmocka_unit_test(test_cap_zero),          cmocka_unit_test(test_grow),
		cmocka_unit_test(test_bytes),             cmocka_unit_test(test_printf),
		cmocka_unit_test(test_shift),             cmocka_unit_test(test_read_file),
		cmocka_unit_test(test_read_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
