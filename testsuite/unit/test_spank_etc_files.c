/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "spank/holder/etc_files.h"

static const struct etc_user alice = { 1001, 1001, "alice", "/home/alice", "/bin/bash" };

static void test_passwd(void **state)
{
	static const struct {
		const char *image;
		struct etc_user user;
		const char *expected;
	} rows[] = {
		{ "", { 1001, 1001, "alice", "/home/alice", "/bin/bash" },
		  "alice:x:1001:1001:alice:/home/alice:/bin/bash\n" },
		{ "root:x:0:0:root:/root:/bin/sh\n", { 7, 8, "a", "/h", "/s" },
		  "a:x:7:8:a:/h:/s\nroot:x:0:0:root:/root:/bin/sh\n" },
		/* Another account of that name in the image gives way; one with that id stays behind. */
		{ "a:x:1:1::/:/x\nb:x:7:7::/:/x", { 7, 8, "a", "/h", "/s" },
		  "a:x:7:8:a:/h:/s\nb:x:7:7::/:/x\n" },
		{ "\n\nab:x:1:1::/:/x\n", { 7, 8, "a", "/h", "/s" },
		  "a:x:7:8:a:/h:/s\nab:x:1:1::/:/x\n" },
		/* Nothing that could make up lines of its own. */
		{ "", { 7, 8, "a\nroot", "/h:0", "" }, "user7:x:7:8:user7:/:/bin/sh\n" },
		{ "", { 7, 8, NULL, NULL, NULL }, "user7:x:7:8:user7:/:/bin/sh\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_buffer_ struct buffer out = BUFFER_INIT(4096);

		row("%zu", i);
		assert_int_equal(etc_passwd(rows[i].image, &rows[i].user, &out), 0);
		assert_string_equal(out.data, rows[i].expected);
	}
}

static void test_group(void **state)
{
	static const gid_t gids[] = { 1001, 20, 77 };
	static const struct {
		const char *image, *host;
		size_t count;
		const char *expected;
	} rows[] = {
		{ "", "", 1, "group1001:x:1001:\n" },
		{ "", "users:x:1001:bob\n", 1, "users:x:1001:\n" },
		{ "root:x:0:\n", "users:x:1001:\ndialout:x:20:alice\n", 3,
		  "users:x:1001:\ndialout:x:20:alice\ngroup77:x:77:alice\nroot:x:0:\n" },
		{ "mine:x:1001:\nx:x:20", "users:x:1001:\n", 2, "mine:x:1001:\nx:x:20\n" },
		/* 2 is not 20, and a line without enough fields has no id. */
		{ "two:x:2:\nshort:x\n", "", 2,
		  "group1001:x:1001:\ngroup20:x:20:alice\ntwo:x:2:\nshort:x\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_buffer_ struct buffer out = BUFFER_INIT(4096);

		row("%zu", i);
		assert_int_equal(etc_group(rows[i].image, rows[i].host, &alice, gids, rows[i].count, &out),
				 0);
		assert_string_equal(out.data, rows[i].expected);
	}
}

static void test_full(void **state)
{
	_cleanup_buffer_ struct buffer out = BUFFER_INIT(50);

	assert_int_equal(etc_passwd("root:x:0:0:root:/root:/bin/sh\n", &alice, &out), -1);
}

static void test_name_of(void **state)
{
	char name[8];

	assert_int_equal(etc_name_of("a:x:1:\nb:x:2:", 2, name, sizeof(name)), 0);
	assert_string_equal(name, "b");
	assert_int_equal(etc_name_of("a:x:1:\n", 2, name, sizeof(name)), -1);
	assert_int_equal(etc_name_of(":x:2:\n", 2, name, sizeof(name)), -1);
	assert_int_equal(etc_name_of("longlong:x:2:\n", 2, name, sizeof(name)), -1);
	assert_int_equal(etc_name_of("", 2, name, sizeof(name)), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passwd),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_name_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
