/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "spank/holder/bundle.h"
#include "spank/holder/mount_api.h"

static struct bundle *new_bundle(void)
{
	struct bundle *b = bundle_new();

	assert_non_null(b);
	b->path = strdup("/images/b");
	return b;
}

static int parse(struct bundle *b, const char *text, struct error *err)
{
	return bundle_parse(b, text, strlen(text), err);
}

static void test_accepted(void **state)
{
	static const struct {
		const char *text, *rootfs, *cwd;
		bool read_only, no_new_privs;
		size_t env, mounts;
	} rows[] = {
		{ "{\"root\":{\"path\":\"rootfs\"}}", "/images/b/rootfs", "/", 0, 0, 0, 0 },
		{ "{\"root\":{\"path\":\"/r\",\"readonly\":true}}", "/r", "/", 1, 0, 0, 0 },
		{ "{\"root\":{\"path\":\"../r\"},\"process\":{\"cwd\":\"/w\",\"noNewPrivileges\":true}}",
		  "/images/b/../r", "/w", 0, 1, 0, 0 },
		{ "{\"root\":{\"path\":\"r\"},\"process\":{\"env\":[\"A=1\",\"B\",\"\"]}}",
		  "/images/b/r", "/", 0, 0, 3, 0 },
		{ "{\"root\":{\"path\":\"r\"},\"process\":null,\"mounts\":null,\"hooks\":null}",
		  "/images/b/r", "/", 0, 0, 0, 0 },
		{ "{\"root\":{\"path\":\"r\",\"readonly\":\"yes\"},\"mounts\":[]}", "/images/b/r", "/",
		  0, 0, 0, 0 },
		/* What the host's own /proc, /sys and /dev stand in for. */
		{ "{\"root\":{\"path\":\"r\"},\"mounts\":["
		  "{\"destination\":\"/proc\",\"type\":\"proc\"},"
		  "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"options\":[\"size=1\",\"nonsense\"]},"
		  "{\"destination\":\"/dev/pts\",\"type\":\"devpts\"},"
		  "{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\"},"
		  "{\"destination\":\"/sys\",\"type\":\"sysfs\"},"
		  "{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\"}]}",
		  "/images/b/r", "/", 0, 0, 0, 0 },
		{ "{\"root\":{\"path\":\"r\"},\"mounts\":["
		  "{\"destination\":\"/sys\",\"type\":\"none\",\"source\":\"/sys\",\"options\":[\"rbind\"]},"
		  "{\"destination\":\"/devices\",\"type\":\"tmpfs\"},"
		  "{\"destination\":\"data\",\"type\":\"bind\",\"source\":\"d\"}]}",
		  "/images/b/r", "/", 0, 0, 0, 3 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(bundle_freep) struct bundle *b = new_bundle();
		struct error err = { 0 };

		row("%s", rows[i].text);
		assert_int_equal(parse(b, rows[i].text, &err), 0);
		assert_string_equal(b->rootfs, rows[i].rootfs);
		assert_string_equal(b->cwd, rows[i].cwd);
		assert_int_equal(b->read_only, rows[i].read_only);
		assert_int_equal(b->no_new_privs, rows[i].no_new_privs);
		assert_int_equal(b->env_count, rows[i].env);
		assert_int_equal(b->mount_count, rows[i].mounts);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *reason;
	} rows[] = {
		{ "", "not valid JSON" },
		{ "{", "not valid JSON" },
		{ "[]", "not a JSON object" },
		{ "7", "not a JSON object" },
		{ "null", "null" },
		{ "{}", "no root.path" },
		{ "{\"root\":[]}", "no root.path" },
		{ "{\"root\":{\"path\":\"\"}}", "no root.path" },
		{ "{\"root\":{\"path\":7}}", "no root.path" },
		{ "{\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"w\"}}", "not absolute" },
		{ "{\"root\":{\"path\":\"r\"},\"process\":{\"env\":{}}}", "process.env is not an array" },
		{ "{\"root\":{\"path\":\"r\"},\"process\":{\"env\":[\"A=1\",7]}}",
		  "process.env[1] is not a string" },
		{ "{\"root\":{\"path\":\"r\"},\"mounts\":{}}", "mounts is not an array" },
		{ "{\"root\":{\"path\":\"r\"},\"mounts\":[7]}", "mounts[0] (): it has no destination" },
		{ "{\"root\":{\"path\":\"r\"},\"mounts\":[{\"destination\":\"/x\"}]}",
		  "mounts[0] (/x): mounts of type ''" },
		{ "{\"root\":{\"path\":\"r\"},\"mounts\":[{\"destination\":\"/x\",\"type\":\"overlay\"}]}",
		  "type 'overlay'" },
		{ "{\"root\":{\"path\":\"r\"},\"mounts\":[{\"destination\":\"/x\",\"type\":\"bind\"}]}",
		  "no source" },
		{ "{\"root\":{\"path\":\"r\"},\"mounts\":[{\"destination\":\"/x\",\"type\":\"bind\","
		  "\"source\":\"/y\",\"options\":\"ro\"}]}", "options is not an array" },
		{ "{\"root\":{\"path\":\"r\"},\"mounts\":[{\"destination\":\"/x\",\"type\":\"bind\","
		  "\"source\":\"/y\",\"options\":[\"ro\",{}]}]}", "options[1] is not a string" },
		{ "{\"root\":{\"path\":\"r\"},\"mounts\":[{\"destination\":\"/x\",\"type\":\"bind\","
		  "\"source\":\"/y\",\"options\":[\"size=1m\"]}]}", "'size=1m' is not known" },
		{ "{\"root\":{\"path\":\"r\"},\"mounts\":[{\"destination\":\"/x\",\"type\":\"tmpfs\","
		  "\"options\":[\"size=1m,uid=0\"]}]}", "comma" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(bundle_freep) struct bundle *b = new_bundle();
		struct error err = { 0 };

		row("%s", rows[i].text);
		assert_int_equal(parse(b, rows[i].text, &err), -1);
		assert_non_null(strstr(err.text, rows[i].reason));
	}
}

static void test_too_many_mounts(void **state)
{
	_cleanup_(bundle_freep) struct bundle *b = new_bundle();
	_cleanup_free_ char *text = malloc(64 + 8 * (BUNDLE_MOUNTS_MAX + 1));
	struct error err = { 0 };
	char *p = text;

	assert_non_null(text);
	p += sprintf(p, "{\"root\":{\"path\":\"r\"},\"mounts\":[");
	for (int i = 0; i <= BUNDLE_MOUNTS_MAX; i++)
		p += sprintf(p, "%s{}", i ? "," : "");
	strcpy(p, "]}");
	assert_int_equal(parse(b, text, &err), -1);
	assert_non_null(strstr(err.text, "is the limit"));
}

static void test_mount_options(void **state)
{
	static const struct {
		const char *options[4];
		bool bind, recursive;
		uint64_t set, atime, propagation;
		const char *data;
	} rows[] = {
		{ { NULL }, 0, 0, 0, 0, 0, "" },
		{ { "bind" }, 1, 0, 0, 0, 0, "" },
		{ { "rbind", "ro" }, 1, 1, MOUNT_ATTR_RDONLY, 0, 0, "" },
		{ { "bind", "rro" }, 1, 1, MOUNT_ATTR_RDONLY, 0, 0, "" },
		{ { "nosuid", "nodev", "noexec" }, 0, 0,
		  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0, 0, "" },
		{ { "rw", "suid", "dev", "exec" }, 0, 0, 0, 0, 0, "" },
		{ { "noatime", "strictatime" }, 0, 0, 0, MOUNT_ATTR_STRICTATIME, 0, "" },
		{ { "rprivate", "rslave" }, 0, 0, 0, 0, MS_SLAVE | MS_REC, "" },
		{ { "size=64k", "mode=1777", "uid=0", "nosuid" }, 0, 0, MOUNT_ATTR_NOSUID, 0, 0,
		  "size=64k,mode=1777" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct mount_options o = { 0 };
		struct error err = { 0 };

		row("%zu", i);
		for (int j = 0; j < 4 && rows[i].options[j]; j++)
			assert_int_equal(mount_options_add(&o, rows[i].options[j], true, &err), 0);
		assert_int_equal(o.bind, rows[i].bind);
		assert_int_equal(o.recursive, rows[i].recursive);
		assert_int_equal(o.set, rows[i].set);
		assert_int_equal(o.atime, rows[i].atime);
		assert_int_equal(o.propagation, rows[i].propagation);
		assert_string_equal(o.data, rows[i].data);
	}
}

static void test_mount_options_overflow(void **state)
{
	struct mount_options o = { 0 };
	struct error err = { 0 };
	int rc = 0;

	for (int i = 0; rc == 0 && i < 1000; i++)
		rc = mount_options_add(&o, "size=12345", true, &err);
	assert_int_equal(rc, -1);
	assert_int_equal(err.code, E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_too_many_mounts),
		cmocka_unit_test(test_mount_options),
		cmocka_unit_test(test_mount_options_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
