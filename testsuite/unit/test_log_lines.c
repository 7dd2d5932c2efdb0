/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sync-agent/kubelet/lines.h"

static int file_of(const char *text, size_t n)
{
	int fd = memfd_create("lines", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), n);
	return fd;
}

static void test_tail(void **state)
{
	static const struct {
		const char *text;
		int64_t n;
		off_t start;
	} rows[] = {
		{ "", 0, 0 }, { "", 1, 0 }, { "a\nb\nc\n", 0, 6 }, { "a\nb\nc\n", 1, 4 },
		{ "a\nb\nc\n", 2, 2 }, { "a\nb\nc\n", 3, 0 }, { "a\nb\nc\n", 4, 0 },
		{ "a\nb\nc", 1, 4 }, { "a\nb\nc", 2, 2 }, { "a\nb\nc", INT64_MAX, 0 },
		{ "\n\n\n", 1, 2 }, { "\n", 1, 0 }, { "abc", 1, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int fd = file_of(rows[i].text, strlen(rows[i].text));
		off_t start = lines_find_tail(fd, (off_t)strlen(rows[i].text), rows[i].n, NULL, NULL);

		if (start != rows[i].start)
			row("%zu: %lld", i, (long long)start);
		assert_int_equal(start, rows[i].start);
		close(fd);
	}
}

static unsigned asked;

static bool go_on(void *ctx)
{
	asked++;
	return ctx;
}

/* 100 GB, the last lines at the end: what is before is not read. */
static void test_tail_huge(void **state)
{
	off_t size = (off_t)100 << 30;
	char block[65536];
	int fd = file_of("", 0);

	memset(block, 'x', sizeof(block));
	assert_int_equal(ftruncate(fd, size), 0);
	/* The first of the last two lines spans blocks. */
	assert_int_equal(pwrite(fd, "\n", 1, size - 200001), 1);
	assert_int_equal(pwrite(fd, "\n", 1, size - 4), 1);
	assert_int_equal(pwrite(fd, "ab\n", 3, size - 3), 3);
	assert_int_equal(lines_find_tail(fd, size, 1, NULL, NULL), size - 3);
	assert_int_equal(lines_find_tail(fd, size, 2, NULL, NULL), size - 200000);
	/* No third line: whoever waits is asked. */
	asked = 0;
	assert_int_equal(lines_find_tail(fd, size, 3, go_on, NULL), -1);
	assert_int_equal(errno, ECANCELED);
	assert_int_equal(asked, 1);
	close(fd);
}

/* All of in, through an output of max bytes at a time. */
static void stamp(struct stamper *s, const char *in, size_t n, size_t max, char *out)
{
	while (n) {
		size_t taken, written = stamper_copy(s, in, n, &taken, out, max);

		assert_true(taken <= n && written <= max && (taken || written));
		in += taken;
		n -= taken;
		out += written;
		*out = '\0';
	}
}

static void test_stamps(void **state)
{
	const struct timespec when = { 1767268800, 5 }, later = { 1767268801, 0 };
	char out[400];

	for (size_t max = 1; max < 80; max++) {
		struct stamper s = { 0 };

		stamper_set(&s, &when);
		stamp(&s, "a\n\nb", 4, max, out);
		assert_string_equal(out, "2026-01-01T12:00:00.000000005Z a\n"
					 "2026-01-01T12:00:00.000000005Z \n"
					 "2026-01-01T12:00:00.000000005Z b");
		/* The line goes on, and keeps the time it began with. */
		stamper_set(&s, &later);
		stamp(&s, "c\nd\n", 4, max, out);
		assert_string_equal(out, "c\n2026-01-01T12:00:01.000000000Z d\n");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tail),
		cmocka_unit_test(test_tail_huge),
		cmocka_unit_test(test_stamps),
	};

	return cmocka_run_group_tests_name("log lines", tests, NULL, NULL);
}
