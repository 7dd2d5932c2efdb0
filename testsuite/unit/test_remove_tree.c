/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>

#include "common/remove_tree.h"

/* A path in the scratch folder, good until the next one. */
static const char *in(struct scratch *s, const char *name)
{
	snprintf(s->path, sizeof(s->path), "%s/%s", s->folder, name);
	return s->path;
}

static int there(struct scratch *s, const char *name)
{
	struct stat st;

	return lstat(in(s, name), &st) == 0;
}

static void test_what_is_not_there(void **state)
{
	struct error err = {0};

	assert_int_equal(remove_tree(AT_FDCWD, in(*state, "none"), &err), 0);
	assert_int_equal(remove_tree(AT_FDCWD, in(*state, "none/below"), &err), 0);
}

static void test_files_and_links(void **state)
{
	struct scratch *s = *state;
	struct error err = {0};
	char target[sizeof(s->path)];

	assert_int_equal(mkdir(in(s, "kept"), 0755), 0);
	scratch_write(s, "kept/file", "x");
	strcpy(target, in(s, "kept"));
	assert_int_equal(symlink(target, in(s, "link")), 0);
	assert_int_equal(remove_tree(AT_FDCWD, in(s, "link"), &err), 0);
	assert_int_equal(0, there(s, "link"));
	assert_int_equal(mkdir(in(s, "tree"), 0755), 0);
	assert_int_equal(symlink(target, in(s, "tree/link")), 0);
	assert_int_equal(symlink("..", in(s, "tree/up")), 0);
	assert_int_equal(mkfifo(in(s, "tree/fifo"), 0600), 0);
	assert_int_equal(remove_tree(AT_FDCWD, in(s, "tree"), &err), 0);
	assert_int_equal(0, there(s, "tree"));
	assert_int_equal(1, there(s, "kept/file"));
}

static void test_no_permission(void **state)
{
	struct scratch *s = *state;
	struct error err = {0};

	assert_int_equal(mkdir(in(s, "tree"), 0755), 0);
	assert_int_equal(mkdir(in(s, "tree/a"), 0755), 0);
	assert_int_equal(mkdir(in(s, "tree/a/b"), 0755), 0);
	scratch_write(s, "tree/a/b/file", "x");
	assert_int_equal(chmod(in(s, "tree/a/b"), 0), 0);
	assert_int_equal(chmod(in(s, "tree/a"), 0500), 0);
	assert_int_equal(chmod(in(s, "tree"), 0), 0);
	assert_int_equal(remove_tree(AT_FDCWD, in(s, "tree"), &err), 0);
	assert_int_equal(0, there(s, "tree"));
}

static void test_deep(void **state)
{
	struct scratch *s = *state;
	_cleanup_close_ int fd = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error err = {0};

	for (int i = 0; i < 5000; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		assert_int_equal(mkdirat(fd, "e", 0), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		close(fd);
		fd = next;
	}
	assert_int_equal(remove_tree(AT_FDCWD, in(s, "d"), &err), 0);
	assert_int_equal(0, there(s, "d"));
}

static void test_many(void **state)
{
	struct scratch *s = *state;
	struct error err = {0};
	char name[32];

	assert_int_equal(mkdir(in(s, "tree"), 0755), 0);
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "tree/%d", i);
		scratch_write(s, name, "");
	}
	assert_int_equal(remove_tree(AT_FDCWD, in(s, "tree"), &err), 0);
	assert_int_equal(0, there(s, "tree"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_is_not_there, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(test_files_and_links, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_no_permission, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_deep, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_many, scratch_make, scratch_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
