/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spank/holder/path.h"
#include "spank/holder/skeleton.h"

static char folder[] = "/tmp/test_spank_path.XXXXXX";
static int image, layer;

static int set_up(void **state)
{
	if (!mkdtemp(folder) || chdir(folder) < 0)
		return -1;
	mkdir("image", 0755);
	mkdir("layer", 0755);
	image = open("image", O_RDONLY | O_DIRECTORY);
	layer = open("layer", O_RDONLY | O_DIRECTORY);
	mkdirat(image, "usr", 0755);
	mkdirat(image, "usr/lib", 0750);
	close(openat(image, "file", O_CREAT | O_WRONLY, 0644));
	symlinkat("usr/lib", image, "lib");
	symlinkat("/usr", image, "absolute");
	symlinkat("../../../..", image, "usr/up");
	symlinkat("../../../../etc/shadow", image, "shadow");
	symlinkat("loop", image, "loop");
	symlinkat("b", image, "a");
	symlinkat("a", image, "b");
	symlinkat("missing/deeper", image, "dangling");
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	close(image);
	close(layer);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return chdir("/") < 0 ? -1 : system(command);
}

static void test_resolve(void **state)
{
	static const struct {
		const char *path, *resolved;
		mode_t type; /* 0: nothing there */
		int code;    /* 0: no error */
	} rows[] = {
		{ "/", "", S_IFDIR, 0 },
		{ "", "", S_IFDIR, 0 },
		{ "..", "", S_IFDIR, 0 },
		{ "/../../..", "", S_IFDIR, 0 },
		{ "//usr///lib//", "usr/lib", S_IFDIR, 0 },
		{ "/usr/./lib/.", "usr/lib", S_IFDIR, 0 },
		{ "/usr/../usr/lib", "usr/lib", S_IFDIR, 0 },
		{ "/lib", "usr/lib", S_IFDIR, 0 },
		{ "/lib/new", "usr/lib/new", 0, 0 },
		{ "/absolute/lib/new/x", "usr/lib/new/x", 0, 0 },
		{ "/usr/up/usr/lib", "usr/lib", S_IFDIR, 0 },
		{ "/shadow", "etc/shadow", 0, 0 },
		{ "/dangling/x", "missing/deeper/x", 0, 0 },
		{ "/new/../x", "x", 0, 0 },
		{ "/file", "file", S_IFREG, 0 },
		{ "/file/x", NULL, 0, ENOTDIR },
		{ "/loop", NULL, 0, ELOOP },
		{ "/a/x", NULL, 0, ELOOP },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct path_resolved r;
		struct error err = { 0 };
		int rc = path_resolve(image, rows[i].path, &r, &err);

		row("%s", rows[i].path);
		assert_int_equal(err.code, rows[i].code);
		assert_int_equal(rc, rows[i].code ? -1 : 0);
		if (rc < 0)
			continue;
		assert_string_equal(r.path, rows[i].resolved);
		assert_int_equal(r.mode & S_IFMT, rows[i].type);
	}
}

static void test_resolve_parent(void **state)
{
	struct path_resolved r;

	assert_int_equal(path_resolve_parent(image, "/shadow", &r, NULL), 0);
	assert_string_equal(r.path, "shadow");
	assert_true(S_ISLNK(r.mode));
	assert_int_equal(path_resolve_parent(image, "/lib/x", &r, NULL), 0);
	assert_string_equal(r.path, "usr/lib/x");
}

static void test_too_long(void **state)
{
	char path[PATH_MAX + 300];
	struct path_resolved r;

	memset(path, 'x', 256);
	path[256] = '\0';
	assert_int_equal(path_resolve(image, path, &r, NULL), -1);
	for (size_t i = 0; i < sizeof(path) - 1; i++)
		path[i] = i % 2 ? 'x' : '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(path_resolve(image, path, &r, NULL), -1);
}

static void test_below(void **state)
{
	static const struct {
		const char *path, *prefix;
		int below;
	} rows[] = {
		{ "/tmp", "/tmp", 1 },	 { "/tmp/x", "/tmp", 1 }, { "/tmpx", "/tmp", 0 },
		{ "/tm", "/tmp", 0 },	 { "/x", "/", 1 },	  { "/", "/tmp", 0 },
		{ "/tmp/x", "/tmp/", 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		row("%s %s", rows[i].path, rows[i].prefix);
		assert_int_equal(path_is_below(rows[i].path, rows[i].prefix), rows[i].below);
	}
}

static void test_mount_points(void **state)
{
	const struct skeleton s = { .image = image, .layer = layer };
	char resolved[PATH_MAX];
	struct error err = { 0 };
	struct stat st;

	/* There already: nothing is made. */
	assert_int_equal(skeleton_mount_point(&s, "/lib", true, resolved, &err), 0);
	assert_string_equal(resolved, "/usr/lib");
	assert_int_equal(faccessat(layer, "usr", F_OK, 0), -1);
	/* Below a link: the link stays, the folders get the image's modes. */
	assert_int_equal(skeleton_mount_point(&s, "/lib/a/b", true, resolved, &err), 0);
	assert_string_equal(resolved, "/usr/lib/a/b");
	assert_int_equal(fstatat(layer, "usr/lib", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(fstatat(layer, "usr/lib/a/b", &st, 0), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(faccessat(layer, "lib", F_OK, 0), -1);
	assert_int_equal(skeleton_mount_point(&s, "/x/file", false, resolved, &err), 0);
	assert_int_equal(fstatat(layer, "x/file", &st, 0), 0);
	assert_true(S_ISREG(st.st_mode));
	/* Of the wrong kind, or nowhere to put it. */
	assert_int_equal(skeleton_mount_point(&s, "/file", true, resolved, &err), -1);
	assert_int_equal(err.code, ENOTDIR);
	assert_int_equal(skeleton_mount_point(&s, "/usr", false, resolved, &err), -1);
	assert_int_equal(err.code, EISDIR);
	assert_int_equal(skeleton_mount_point(&s, "/usr/..", true, resolved, &err), -1);
	assert_int_equal(err.code, EINVAL);
	/* The image is as before. */
	assert_int_equal(faccessat(image, "usr/lib/a", F_OK, 0), -1);
	assert_int_equal(faccessat(image, "x", F_OK, 0), -1);
}

static void test_etc(void **state)
{
	const struct skeleton s = { .image = image, .layer = layer };
	struct error err = { 0 };
	struct stat st;

	assert_int_equal(skeleton_etc(&s, &err), 0);
	assert_int_equal(fstatat(layer, "etc/passwd", &st, 0), 0);
	assert_int_equal(fstatat(layer, "etc/group", &st, 0), 0);
	assert_int_equal(faccessat(image, "etc", F_OK, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resolve),	 cmocka_unit_test(test_resolve_parent),
		cmocka_unit_test(test_too_long), cmocka_unit_test(test_below),
		cmocka_unit_test(test_mount_points), cmocka_unit_test(test_etc),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
