/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What images are, and what they say: sizes, configurations, manifests, SIF headers, sources. */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>

#include "common/size.h"
#include "spank/image/config.h"
#include "spank/image/image.h"
#include "spank/image/layout.h"
#include "spank/image/sif.h"
#include "spank/image/source.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX
#define OTHER "sha256:ffff456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_size(void **state)
{
	static const struct {
		const char *text;
		int rc;
		uint64_t bytes;
	} rows[] = {
		{"0", 0, 0},
		{"1048576", 0, 1048576},
		{"1K", 0, 1024},
		{"500M", 0, 500ULL << 20},
		{"1.5g", 0, 3ULL << 29},
		{"2T", 0, 2ULL << 40},
		{"none", 0, SIZE_NO_LIMIT},
		{"", -1, 0},
		{"-1", -1, 0},
		{"1KB", -1, 0},
		{"0x10", -1, 0},
		{"1e3", -1, 0},
		{"inf", -1, 0},
		{"M", -1, 0},
		{"99999999999T", -1, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = {0};
		uint64_t bytes = 0;

		row("%s", rows[i].text);
		assert_int_equal(size_parse(rows[i].text, &bytes, &err), rows[i].rc);
		assert_true(bytes == rows[i].bytes);
	}
}

static void test_size_format(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {{0, "0 bytes"},	{999, "999 bytes"},	 {1500, "1.5 kB"},
		    {999960, "1.0 MB"}, {201300000, "201.3 MB"}, {5000000000000000, "5000.0 TB"}};
	char text[SIZE_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(size_format(rows[i].bytes, text), rows[i].text);
}

static void test_config(void **state)
{
	static const struct {
		const char *text, *cwd, *user;
		size_t env, words, command;
	} rows[] = {
		{"{}", "", "", 0, 0, 0},
		{"{\"config\":null}", "", "", 0, 0, 0},
		{"{\"config\":{\"Env\":null,\"Entrypoint\":null,\"User\":\"\"}}", "", "", 0, 0, 0},
		{"{\"config\":{\"Env\":[\"A=1\",\"B=\"],\"WorkingDir\":\"/w\",\"Cmd\":[\"x\"]}}",
		 "/w", "", 2, 0, 1},
		{"{\"config\":{\"WorkingDir\":\"app\",\"Entrypoint\":[\"/e\",\"a b\"]}}", "/app",
		 "", 0, 2, 0},
		{"{\"config\":{\"User\":\"root:root\"}}", "", "", 0, 0, 0},
		{"{\"config\":{\"User\":\"0:5\"}}", "", "", 0, 0, 0},
		{"{\"config\":{\"User\":\"rooty\"}}", "", "rooty", 0, 0, 0},
		{"{\"config\":{\"User\":\"1000:5\",\"Labels\":{\"a\":\"b\"}}}", "", "1000", 0, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(bundle_freep) struct bundle *b = bundle_new();
		struct error err = {0};
		size_t words = 0;
		char user[32];

		row("%s", rows[i].text);
		assert_int_equal(image_config_parse(b, rows[i].text, strlen(rows[i].text), &err),
				 0);
		assert_string_equal(b->cwd, rows[i].cwd);
		assert_int_equal(b->env_count, rows[i].env);
		while (b->entrypoint && b->entrypoint[words])
			words++;
		assert_int_equal(words, rows[i].words);
		for (words = 0; b->command && b->command[words];)
			words++;
		assert_int_equal(words, rows[i].command);
		image_config_user(rows[i].text, strlen(rows[i].text), user, sizeof(user));
		assert_string_equal(user, rows[i].user);
	}
}

static void test_config_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"[]",
		"7",
		"{\"config\":{\"Env\":{}}}",
		"{\"config\":{\"Env\":[\"A=1\",7]}}",
		"{\"config\":{\"Entrypoint\":\"sh\"}}",
		"{\"config\":{\"Cmd\":[1]}}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(bundle_freep) struct bundle *b = bundle_new();
		struct error err = {0};

		row("%s", rows[i]);
		assert_int_equal(image_config_parse(b, rows[i], strlen(rows[i]), &err), -1);
		assert_non_null(strstr(err.text, "configuration"));
	}
}

static void test_choose(void **state)
{
	static const char format[] =
		"{\"manifests\":[{\"digest\":\"" OTHER
		"\",\"size\":1,\"platform\":{\"os\":\"%s\",\"architecture\":\"%s\"}},"
		"{\"digest\":\"" DIGEST
		"\",\"size\":2,\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\"}}]}";
	struct layout_blob blob;
	struct error err = {0};
	char text[1024];
	int n;

	n = snprintf(text, sizeof(text), format, "windows", layout_architecture(),
		     layout_architecture());
	assert_int_equal(layout_choose(text, n, &blob, &err), 1);
	assert_string_equal(blob.digest, DIGEST);
	assert_int_equal(blob.size, 2);
	n = snprintf(text, sizeof(text), format, "linux", "vax", "pdp11");
	assert_int_equal(layout_choose(text, n, &blob, &err), -1);
	assert_non_null(strstr(err.text, "architecture"));
	assert_int_equal(layout_choose("{\"layers\":[]}", 13, &blob, &err), 0);
	assert_int_equal(layout_choose("{", 1, &blob, &err), -1);
}

static void test_manifest(void **state)
{
	static const struct {
		const char *text;
		int rc;
		size_t layers;
		uint64_t size;
	} rows[] = {
		{"{\"config\":{\"digest\":\"" DIGEST "\",\"size\":3},\"layers\":[]}", 0, 0, 0},
		{"{\"config\":{\"digest\":\"" DIGEST
		 "\",\"size\":3},\"layers\":[{\"digest\":\"" OTHER
		 "\",\"size\":7},{\"digest\":\"" DIGEST "\",\"size\":8}]}",
		 0, 2, 15},
		{"{\"config\":{\"digest\":\"" DIGEST "\",\"size\":3}}", -1, 0, 0},
		{"{\"layers\":[]}", -1, 0, 0},
		{"{\"config\":{\"digest\":\"md5:1\",\"size\":3},\"layers\":[]}", -1, 0, 0},
		{"{\"config\":{\"digest\":\"" DIGEST "\"},\"layers\":[]}", -1, 0, 0},
		{"{\"config\":{\"digest\":\"" DIGEST
		 "\",\"size\":3},\"layers\":[{\"digest\":\"../x\","
		 "\"size\":1}]}",
		 -1, 0, 0},
		{"{\"config\":{\"digest\":\"" DIGEST
		 "\",\"size\":3},\"layers\":[{\"digest\":\"" OTHER "\",\"size\":-7}]}",
		 -1, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct layout_manifest m = {0};
		struct error err = {0};

		row("%s", rows[i].text);
		assert_int_equal(
			layout_manifest_parse(rows[i].text, strlen(rows[i].text), &m, &err),
			rows[i].rc);
		assert_int_equal(m.count, rows[i].layers);
		assert_int_equal(m.size, rows[i].size);
		layout_manifest_free(&m);
	}
}

static void put(unsigned char *p, uint64_t n, int bytes)
{
	for (int i = 0; i < bytes; i++)
		p[i] = n >> (8 * i);
}

#define SIF_SIZE 8192
#define PARTITION_AT 4096

/* A SIF file with a data object and a SquashFS, to be changed by a test. */
static void make_sif(unsigned char *sif)
{
	unsigned char *d = sif + 128 + 585;

	memset(sif, 0, SIF_SIZE);
	strcpy((char *)sif + 32, "SIF_MAGIC");
	strcpy((char *)sif + 42, "01");
	put(sif + 88, 3, 8);
	put(sif + 96, 128, 8);
	put(sif + 128, 0x4001, 4);
	sif[128 + 4] = 1;
	put(d, 0x4004, 4);
	d[4] = 1;
	put(d + 17, PARTITION_AT, 8);
	put(d + 25, SIF_SIZE - PARTITION_AT, 8);
	put(d + 201, 1, 4);
	put(d + 205, 2, 4);
	strcpy((char *)d + 209, "02");
	memcpy(sif + PARTITION_AT, "hsqs", 4);
}

static void test_sif(void **state)
{
	enum { D = 128 + 585 };
	static const struct {
		size_t at;
		uint64_t value;
		int bytes;
		const char *reason; /* NULL: it is fine */
	} rows[] = {
		{0, 0, 1, NULL},
		{D + 209, 0x3030, 2, NULL}, /* for no architecture in particular */
		{42, 0x3230, 2, "version"},
		{32, 'X', 1, "version"},
		{88, 1, 8, "no root file system"},
		{88, 1ULL << 40, 8, "damaged"},
		{88, UINT64_MAX, 8, "damaged"},
		{96, UINT64_MAX, 8, "damaged"},
		{96, SIF_SIZE - 100, 8, "cut off"},
		{D, 0x4005, 4, "no root file system"},
		{D + 4, 0, 1, "no root file system"},
		{D + 205, 1, 4, "no root file system"},
		{D + 201, 2, 4, "is ext3"},
		{D + 201, 5, 4, "encrypted"},
		{D + 201, 77, 4, "is unknown"},
		{D + 17, SIF_SIZE, 8, "cut off"},
		{D + 17, UINT64_MAX - 8, 8, "cut off"},
		{D + 25, UINT64_MAX, 8, "cut off"},
		{D + 25, 10, 8, "cut off"},
		{D + 209, 0x3430, 2, "for aarch64"},
		{PARTITION_AT, 'x', 1, "none"},
	};
	unsigned char sif[SIF_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_close_ int fd = -1;
		uint64_t offset = 0, length = 0;
		struct error err = {0};
		int rc;

		row("%zu = %llx", rows[i].at, (unsigned long long)rows[i].value);
		make_sif(sif);
		put(sif + rows[i].at, rows[i].value, rows[i].bytes);
		fd = open(scratch_write_bytes(*state, "sif", (char *)sif, sizeof(sif)),
			  O_RDONLY | O_CLOEXEC);
		rc = sif_find_root(fd, sizeof(sif), "x86_64", &offset, &length, &err);
		assert_int_equal(rc, rows[i].reason ? -1 : 0);
		if (rows[i].reason) {
			assert_non_null(strstr(err.text, rows[i].reason));
		} else {
			assert_int_equal(offset, PARTITION_AT);
			assert_int_equal(length, SIF_SIZE - PARTITION_AT);
		}
	}
}

static void test_keys(void **state)
{
	static const struct {
		const char *name;
		bool valid;
	} rows[] = {
		{"sha256-" HEX, true},	{"file-0a-1", true},  {"sha256-" HEX "0", false},
		{"sha256-", false},	{"file-../x", false}, {"file-0a.", false},
		{".blobs", false},	{"../../etc", false}, {"", false},
		{"sha256:" HEX, false},
	};
	char key[CACHE_KEY_MAX], digest[IMAGE_DIGEST_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		row("%s", rows[i].name);
		assert_int_equal(cache_key_is_valid(rows[i].name), rows[i].valid);
	}
	cache_key_of_digest(DIGEST, key);
	assert_string_equal(key, "sha256-" HEX);
	cache_digest_of_key(key, digest);
	assert_string_equal(digest, DIGEST);
}

static void test_names(void **state)
{
	struct scratch *s = *state;
	char path[128], digest[IMAGE_DIGEST_MAX], file[32];
	struct error err = {0};

	snprintf(path, sizeof(path), "%s/.names", s->folder);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(cache_name_get(s->folder, "7", "docker://a:b", digest), 0);
	assert_int_equal(cache_name_set(s->folder, "7", "docker://a:b", DIGEST, &err), 0);
	assert_int_equal(cache_name_get(s->folder, "7", "docker://a:b", digest), 1);
	assert_string_equal(digest, DIGEST);
	assert_int_equal(cache_name_get(s->folder, "8", "docker://a:b", digest), 0);
	assert_int_equal(cache_name_get(s->folder, "", "docker://a:b", digest), 0);
	/* On other nodes, and by another version, it is looked for under the same name. */
	cache_name_file("7", "docker://a:b", file);
	assert_string_equal(file, "f978d63e88fee285");
}

/* The kinds of paths; what runs is in images.bats. */
static void test_sources(void **state)
{
	struct scratch *s = *state;
	struct image_places places = {.images = s->folder, .job = "", .site = s->folder};
	static struct image_source source;
	struct error err = {0};
	char path[128];

	assert_int_equal(image_source_find(&places, "", &source, &err), -1);
	assert_int_equal(image_source_find(&places, "/nonexistent", &source, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(image_source_find(&places, "/dev/null", &source, &err), -1);
	assert_int_equal(image_source_find(&places, s->folder, &source, &err), -1);
	assert_int_equal(image_source_find(&places, "docker://x:y", &source, &err), 0);
	assert_int_equal(source.kind, SOURCE_DOCKER);
	assert_string_equal(source.key, "");
	assert_int_equal(image_source_find(&places, "docker://x:y@" DIGEST, &source, &err), 0);
	assert_string_equal(source.key, "sha256-" HEX);
	snprintf(path, sizeof(path), "%s/etc", s->folder);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(image_source_find(&places, s->folder, &source, &err), 0);
	assert_int_equal(source.kind, SOURCE_FOLDER);
	scratch_write(s, "config.json", "{}");
	assert_int_equal(image_source_find(&places, s->folder, &source, &err), 0);
	assert_int_equal(source.kind, SOURCE_BUNDLE);
	scratch_write(s, "file", "hsq");
	assert_int_equal(image_source_find(&places, "file", &source, &err), -1);
	assert_non_null(strstr(err.text, "neither SquashFS nor SIF"));
	scratch_write_bytes(s, "file", "hsqs", 4);
	assert_int_equal(image_source_find(&places, "file", &source, &err), -1);
	assert_non_null(strstr(err.text, "cut off"));
	scratch_write_bytes(s, "file",
			    "hsqs01234567890123456789012345678901234567890123456789"
			    "01234567890123456789012345678901234567890123456789",
			    100);
	assert_int_equal(image_source_find(&places, "file", &source, &err), 0);
	assert_int_equal(source.kind, SOURCE_SQUASHFS);
	assert_true(cache_key_is_valid(source.key));
	assert_int_equal(image_source_find(&places, "../x", &source, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_size_format),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_config_refused),
		cmocka_unit_test(test_choose),
		cmocka_unit_test(test_manifest),
		cmocka_unit_test_setup_teardown(test_sif, scratch_make, scratch_remove),
		cmocka_unit_test(test_keys),
		cmocka_unit_test_setup_teardown(test_names, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_sources, scratch_make, scratch_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
