/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurm-kube-collect's parts: what a pattern means, and into which places files go. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "sync-agent/collect/collect.h"
#include "common/json.h"
#include "scratch.h"

static const struct scan_limits plenty = { 1 << 20, 100 };

/* A working folder with these files; every test begins in it. */
static int begin(void **state)
{
	static const char *const folders[] = { "out", "out/deep", "other", "loop", "vol" };
	static const char *const files[] = { "a.txt",	   "out/a.txt",	  "out/b.txt",
					     "out/deep/c", "other/a.txt", "we ird\\\nname" };
	struct scratch *s;

	if (scratch_make(state) < 0)
		return -1;
	s = *state;
	if (chdir(s->folder) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (mkdir(folders[i], 0755) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		scratch_write(s, files[i], files[i]);
	if (mkfifo("pipe", 0600) < 0 || symlink("out/a.txt", "link") < 0 ||
	    symlink("..", "loop/up") < 0 || symlink("/nowhere", "dangling") < 0)
		return -1;
	return 0;
}

static int end(void **state)
{
	return chdir("/") < 0 ? -1 : scratch_remove(state);
}

/* "source>target source>target", with a slash after a folder */
static void describe(const struct items *items, struct buffer *to)
{
	for (size_t i = 0; i < items->n; i++)
		buffer_printf(to, "%s%s>%s%s", i ? " " : "", items->list[i].source,
			      items->list[i].target, items->list[i].is_folder ? "/" : "");
}

static void test_scan(void **state)
{
	static const struct {
		const char *pattern, *items; /* NULL: an error */
		const char *error;
		int code; /* 0: any */
	} rows[] = {
		{ "a.txt", "a.txt>a.txt", NULL, 0 },
		{ "out",
		  "out>out/ out/a.txt>out/a.txt out/b.txt>out/b.txt out/deep>out/deep/ "
		  "out/deep/c>out/deep/c",
		  NULL, 0 },
		{ "out/",
		  "out/>out/ out//a.txt>out/a.txt out//b.txt>out/b.txt out//deep>out/deep/ "
		  "out//deep/c>out/deep/c",
		  NULL, 0 },
		{ "out/*.txt", "out/a.txt>a.txt out/b.txt>b.txt", NULL, 0 },
		{ "./out/[b]*", "./out/b.txt>b.txt", NULL, 0 },
		{ "out/deep/.", "out/deep/.>/ out/deep/./c>c", NULL, 0 },
		{ "link", "link>link", NULL, 0 },
		{ "nothing", NULL, "nothing: there is no such file", ENODATA },
		{ "nothing*", NULL, "nothing*: no file matches", ENODATA },
		{ "a.txt/b", NULL, "a.txt/b: Not a directory", ENOTDIR },
		{ "dangling", NULL, "dangling: No such file", ENOENT },
		{ "pipe", NULL, "pipe: it is neither file nor folder, but a FIFO", 0 },
		{ "/dev/null", NULL, "/dev/null: it is neither file nor folder, but a device", 0 },
		{ "*/a.txt", NULL, "other/a.txt and out/a.txt would be one file", EEXIST },
		{ "loop", NULL, "loop/up/", 0 },
		{ "..", NULL, "..: give the folder's name", 0 },
		{ "/", NULL, "/: give the folder's name", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_buffer_ struct buffer b = BUFFER_INIT(4096);
		struct items items = { 0 };
		struct error err = { 0 };
		int rc = scan(rows[i].pattern, &plenty, &items, &err);

		describe(&items, &b);
		items_free(&items);
		if (rows[i].items) {
			assert_string_equal(err.text, "");
			assert_string_equal(b.data, rows[i].items);
			continue;
		}
		assert_int_equal(rc, -1);
		if (!strstr(err.text, rows[i].error) || (rows[i].code && err.code != rows[i].code))
			fail_msg("%s: %s (%d)", rows[i].pattern, err.text, err.code);
	}
}

static void test_limits(void **state)
{
	static const struct scan_limits few_bytes = { 20, 100 }, few_files = { 1 << 20, 3 };
	struct items items = { 0 };
	struct error err;

	assert_int_equal(scan("out", &few_bytes, &items, &err), -1);
	assert_int_equal(err.code, EFBIG);
	assert_non_null(strstr(err.text, "more than 20 bytes"));
	items_free(&items);
	assert_int_equal(scan("out", &few_files, &items, &err), -1);
	assert_non_null(strstr(err.text, "more than 3 files"));
	items_free(&items);
}

static int collect_to(const char *request, struct collect *c, struct error *err)
{
	*c = (struct collect){ .request = json_parse(request, strlen(request), err) };
	assert_non_null(c->request);
	return collect_run(c, err);
}

static char *request(void **state, const char *rest)
{
	const struct scratch *s = *state;
	char *text;

	assert_true(asprintf(&text, "{\"folder\":\"%s\",\"root\":\"%s/vol\",\"maxBytes\":1000,%s}",
			     s->folder, s->folder, rest) > 0);
	return text;
}

static void assert_file(const char *path, const char *text)
{
	_cleanup_free_ char *content = NULL;
	struct error err = { 0 };

	if (buffer_read_file(path, 65536, &content, NULL, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(content, text);
}

static void test_volume(void **state)
{
	_cleanup_free_ char *text =
		request(state, "\"from\":\"out\",\"to\":\"volume\",\"path\":\"runs//1\","
			       "\"manifest\":\"SUMS\"");
	struct error err = { 0 };
	struct collect c;

	/* Twice is the same as once, whatever was left behind. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(collect_to(text, &c, &err), 0);
		assert_int_equal(c.files, 3);
		assert_int_equal(c.bytes, c.items.bytes);
		assert_int_equal(json_length(c.sums), 3);
		collect_free(&c);
		assert_file("vol/runs/1/out/deep/c", "out/deep/c");
		assert_file("vol/runs/1/out/a.txt", "out/a.txt");
		scratch_write(*state, "vol/runs/1/out/a.txt", "something else");
	}
	assert_int_equal(access("vol/runs/1/SUMS", R_OK), 0);
}

static void test_volume_escapes(void **state)
{
	static const struct {
		const char *rest, *error;
	} rows[] = {
		{ "\"path\":\"../x\"", "no path below a folder" },
		{ "\"path\":\"away/x\"", "'away' is a link or no folder" },
		{ "\"path\":\"in/x\"", "'in' is a link or no folder" },
		{ "\"path\":\"file/x\"", "'file' is a link or no folder" },
	};
	struct error err = { 0 };
	struct collect c;

	assert_int_equal(symlink("/tmp", "vol/away"), 0);
	assert_int_equal(symlink("inner", "vol/in"), 0);
	assert_int_equal(mkdir("vol/inner", 0755), 0);
	scratch_write(*state, "vol/file", "x");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *more = NULL, *text = NULL;

		assert_true(asprintf(&more, "\"from\":\"a.txt\",\"to\":\"volume\",%s",
				     rows[i].rest) > 0);
		text = request(state, more);
		assert_int_equal(collect_to(text, &c, &err), -1);
		collect_free(&c);
		if (!strstr(err.text, rows[i].error))
			fail_msg("%s: %s", rows[i].rest, err.text);
	}
}

/* A link in the place of a file is taken away, not written through. */
static void test_volume_link(void **state)
{
	_cleanup_free_ char *text =
		request(state, "\"from\":\"out/a.txt\",\"to\":\"volume\",\"path\":\"\"");
	struct error err = { 0 };
	struct collect c;

	assert_int_equal(symlink("../a.txt", "vol/a.txt"), 0);
	assert_int_equal(collect_to(text, &c, &err), 0);
	collect_free(&c);
	assert_file("vol/a.txt", "out/a.txt");
	assert_file("a.txt", "a.txt");
}

static void test_config_map(void **state)
{
	_cleanup_free_ char *folder = request(state, "\"from\":\"out\",\"to\":\"configMap\"");
	_cleanup_free_ char *key =
		request(state, "\"from\":\"bin\",\"to\":\"configMap\",\"key\":\"k\"");
	_cleanup_free_ char *two =
		request(state, "\"from\":\"out/*.txt\",\"to\":\"configMap\",\"key\":\"k\"");
	_cleanup_free_ char *odd = request(state, "\"from\":\"we*\",\"to\":\"configMap\"");
	_cleanup_free_ char *utf8 = request(state, "\"from\":\"utf8\",\"to\":\"configMap\"");
	struct error err = { 0 };
	struct collect c;

	assert_int_equal(collect_to(folder, &c, &err), 0);
	assert_string_equal(json_member_string(c.data, "out_deep_c"), "out/deep/c");
	assert_string_equal(json_member_string(c.data, "out_a.txt"), "out/a.txt");
	assert_non_null(json_member(c.data, "SHA256SUMS"));
	assert_int_equal(json_object_object_length(c.binary), 0);
	collect_free(&c);
	scratch_write_bytes(*state, "bin", "\0\1\2", 3);
	assert_int_equal(collect_to(key, &c, &err), 0);
	assert_string_equal(json_member_string(c.binary, "k"), "AAEC");
	assert_int_equal(json_object_object_length(c.data), 0);
	collect_free(&c);
	assert_int_equal(collect_to(two, &c, &err), -1);
	assert_non_null(strstr(err.text, "2 files match"));
	collect_free(&c);
	assert_int_equal(collect_to(odd, &c, &err), -1);
	assert_non_null(strstr(err.text, "keys have only letters"));
	collect_free(&c);
	scratch_write(*state, "utf8", "h\xc3\xa9\r\n");
	assert_int_equal(collect_to(utf8, &c, &err), 0);
	assert_string_equal(json_member_string(c.data, "utf8"), "h\xc3\xa9\r\n");
	collect_free(&c);
	scratch_write(*state, "utf8", "h\xe9");
	assert_int_equal(collect_to(utf8, &c, &err), 0);
	assert_string_equal(json_member_string(c.binary, "utf8"), "aOk=");
	collect_free(&c);
}

static void test_optional(void **state)
{
	_cleanup_free_ char *yes =
		request(state, "\"from\":\"no*\",\"to\":\"volume\",\"optional\":true");
	_cleanup_free_ char *no = request(state, "\"from\":\"no*\",\"to\":\"volume\"");
	_cleanup_free_ char *dangling =
		request(state, "\"from\":\"dangling\",\"to\":\"volume\",\"optional\":true");
	_cleanup_free_ char *name =
		request(state, "\"from\":\"a.txt\",\"to\":\"volume\",\"manifest\":\"a.txt\"");
	struct error err = { 0 };
	struct collect c;

	assert_int_equal(collect_to(yes, &c, &err), 0);
	collect_free(&c);
	assert_int_equal(collect_to(no, &c, &err), -1);
	collect_free(&c);
	assert_int_equal(collect_to(dangling, &c, &err), -1);
	collect_free(&c);
	assert_int_equal(collect_to(name, &c, &err), -1);
	assert_non_null(strstr(err.text, "list of checksums"));
	collect_free(&c);
}

static void test_manifest(void **state)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(1000);

	manifest_add(&b, "a b", "00");
	manifest_add(&b, "a\\\nb", "11");
	assert_string_equal(b.data, "00  a b\n\\11  a\\\\\\nb\n");
}

static void test_addresses(void **state)
{
	static const struct {
		const char *text;
		bool special;
	} rows[] = {
		{ "127.0.0.1", true },
		{ "127.9.9.9", true },
		{ "169.254.169.254", true },
		{ "0.0.0.0", true },
		{ "224.0.0.1", true },
		{ "10.0.0.1", false },
		{ "192.168.1.1", false },
		{ "8.8.8.8", false },
		{ "::1", true },
		{ "::", true },
		{ "fe80::1", true },
		{ "ff02::1", true },
		{ "::ffff:127.0.0.1", true },
		{ "2001:db8::1", false },
		{ "::ffff:10.0.0.1", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sockaddr_in v4 = { .sin_family = AF_INET };
		struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
		bool is4 = inet_pton(AF_INET, rows[i].text, &v4.sin_addr) == 1;

		if (!is4)
			assert_int_equal(inet_pton(AF_INET6, rows[i].text, &v6.sin6_addr), 1);
		if (address_is_special(is4 ? (void *)&v4 : (void *)&v6) != rows[i].special)
			fail_msg("%s", rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_scan, begin, end),
		cmocka_unit_test_setup_teardown(test_limits, begin, end),
		cmocka_unit_test_setup_teardown(test_volume, begin, end),
		cmocka_unit_test_setup_teardown(test_volume_escapes, begin, end),
		cmocka_unit_test_setup_teardown(test_volume_link, begin, end),
		cmocka_unit_test_setup_teardown(test_config_map, begin, end),
		cmocka_unit_test_setup_teardown(test_optional, begin, end),
		cmocka_unit_test(test_manifest),
		cmocka_unit_test(test_addresses),
	};
	int pair[2];

	/* Where it reports to. */
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair) < 0 || dup2(pair[0], 3) < 0)
		return 1;
	return cmocka_run_group_tests_name("collect", tests, NULL, NULL);
}
