/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kube-container: what it shows of other programs' words, and what it takes out of a cache. */
#include "scratch.h"

#include <fcntl.h>

#include "spank/image/use.h"
#include "spank/tool/evict.h"
#include "spank/tool/run.h"

#define A "sha256-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void test_last_words(void **state)
{
	static const struct {
		const char *said, *shown;
	} rows[] = {
		{"", ""},
		{"\n\n", ""},
		{"one\ntwo\n", "two"},
		{"time=\"x\" level=fatal msg=\"Error: \\\"a\\\" is b\"\n", "Error: \"a\" is b"},
		{"time=\"x\" level=fatal msg=\"the reason\"\nand more\n", "the reason"},
		{"   \xe2\xa8\xaf open CAS: no such thing\n", "open CAS: no such thing"},
		{"FATAL ERROR: broken\ncreated 0 files\n", "FATAL ERROR: broken"},
		{"error at https://user:secret@host/v2/: no", "error at https://host/v2/: no"},
		{"error at docker://h/n@sha256:12: no", "error at docker://h/n@sha256:12: no"},
		{"error \x1b[31mred", "error  [31mred"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[256], shown[256];

		row("%s", rows[i].said);
		strcpy(text, rows[i].said);
		run_last_words(text, shown, sizeof(shown));
		assert_string_equal(shown, rows[i].shown);
	}
}

static void test_run(void **state)
{
	static const char *const good[] = {"sh", "-c", "echo out; echo words >&2", NULL};
	static const char *const bad[] = {"sh", "-c", "echo the reason >&2; exit 3", NULL};
	static const char *const killed[] = {"sh", "-c", "kill -KILL $$", NULL};
	static const char *const slow[] = {"sh", "-c", "exec sleep 100", NULL};
	static const char *const much[] = {"sh", "-c", "echo 0123456789", NULL};
	static const char *const none[] = {"no-such-program", NULL};
	_cleanup_free_ char *text = NULL;
	struct error err = {0};
	size_t len = 0;

	assert_int_equal(
		run_program(
			&(struct run){.argv = good, .max = 64, .output = &text, .output_len = &len},
			&err),
		0);
	assert_string_equal(text, "out\n");
	assert_int_equal(run_program(&(struct run){.argv = bad}, &err), -1);
	assert_string_equal(err.text, "sh: the reason");
	assert_int_equal(run_program(&(struct run){.argv = killed}, &err), -1);
	assert_non_null(strstr(err.text, "signal 9"));
	assert_int_equal(run_program(&(struct run){.argv = slow, .timeout = 1}, &err), -1);
	assert_non_null(strstr(err.text, "within 1 s"));
	assert_int_equal(run_program(&(struct run){.argv = much, .max = 4}, &err), -1);
	assert_non_null(strstr(err.text, "more than 4"));
	assert_int_equal(run_program(&(struct run){.argv = none}, &err), -1);
	assert_non_null(strstr(err.text, "not installed"));
}

static void make(struct scratch *s, const char *path)
{
	char full[512];

	snprintf(full, sizeof(full), "%s/%s", s->folder, path);
	assert_int_equal(mkdir(full, 0755), 0);
}

static int there(struct scratch *s, const char *path)
{
	char full[512];

	snprintf(full, sizeof(full), "%s/%s", s->folder, path);
	return access(full, F_OK) == 0;
}

static void make_image(struct scratch *s, const char *key, time_t used)
{
	struct timespec times[2] = {{used, 0}, {used, 0}};
	char path[120];

	make(s, key);
	snprintf(path, sizeof(path), "%s/users", key);
	make(s, path);
	snprintf(path, sizeof(path), "%s/%s/users", s->folder, key);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	snprintf(path, sizeof(path), "%s/about.json", key);
	scratch_write(s, path,
		      key[7] == 'a' ? "{\"name\":\"a\",\"size\":1000000,\"blobs\":[\"sha256:1\"]}"
				    : "{\"name\":\"b\",\"size\":1000000,\"blobs\":[\"sha256:2\"]}");
}

static int make_cache(void **state)
{
	struct scratch *s;

	if (scratch_make(state) < 0)
		return -1;
	s = *state;
	make(s, ".locks");
	make(s, ".blobs");
	make(s, ".blobs/sha256");
	scratch_write(s, ".blobs/sha256/1", "1");
	scratch_write(s, ".blobs/sha256/2", "2");
	scratch_write(s, ".blobs/sha256/3", "3");
	make_image(s, A, 1000);
	make_image(s, B, 2000);
	return 0;
}

static void limit_to(struct scratch *s, uint64_t bytes, const char *keep)
{
	struct tool t = {.limit = bytes};
	struct error err = {0};

	strcpy(t.images, s->folder);
	assert_int_equal(evict_to_limit(&t, keep, &err), 0);
}

static void test_least_recently_used(void **state)
{
	limit_to(*state, 10000000, NULL);
	assert_int_equal(3, there(*state, A) + there(*state, B) + there(*state, ".blobs/sha256/3"));
	limit_to(*state, 1500000, NULL);
	assert_int_equal(0, there(*state, A) + there(*state, ".blobs/sha256/1") +
				    there(*state, ".blobs/sha256/3"));
	assert_int_equal(2, there(*state, B) + there(*state, ".blobs/sha256/2"));
	limit_to(*state, 1, B);
	assert_int_equal(1, there(*state, B));
	limit_to(*state, 1, NULL);
	assert_int_equal(0, there(*state, B));
}

static void test_in_use(void **state)
{
	struct scratch *s = *state;
	struct cached_image c;
	char note[120], link[256], target[256];
	struct error err = {0};
	struct stat st;

	assert_int_equal(cache_find(s->folder, NULL, A, &c, &err), 1);
	limit_to(s, 1, B);
	assert_int_equal(1, there(s, A));
	close(c.lock);
	/* Our own mount namespace, and one that isn't there. */
	assert_int_equal(stat("/proc/self/ns/mnt", &st), 0);
	snprintf(note, sizeof(note), A "/users/%llu", (unsigned long long)st.st_ino);
	scratch_write(s, note, "");
	scratch_write(s, A "/users/17", "");
	limit_to(s, 1, B);
	assert_int_equal(1, there(s, note));
	assert_int_equal(0, there(s, A "/users/17"));
	/* A link to what keeps it. */
	snprintf(target, sizeof(target), "%s/%s", s->folder, note);
	assert_int_equal(unlink(target), 0);
	snprintf(target, sizeof(target), "%s/kept", s->folder);
	make(s, "kept");
	snprintf(link, sizeof(link), "%s/" A "/users/named-x", s->folder);
	assert_int_equal(symlink(target, link), 0);
	limit_to(s, 1, B);
	assert_int_equal(1, there(s, A));
	assert_int_equal(rmdir(target), 0);
	limit_to(s, 1, B);
	assert_int_equal(0, there(s, A));
}

static void test_leftovers(void **state)
{
	struct scratch *s = *state;
	struct error err = {0};
	int lock;

	make(s, ".partial-" A);
	make(s, ".partial-" B);
	make(s, ".trash-1-1");
	make(s, ".trash-1-1/x");
	lock = cache_lock(s->folder, B ".stage", CACHE_EXCLUSIVE, &err);
	assert_true(lock >= 0);
	assert_int_equal(evict_leftovers(s->folder, &err), 0);
	assert_int_equal(0, there(s, ".partial-" A) + there(s, ".trash-1-1"));
	assert_int_equal(3, there(s, ".partial-" B) + there(s, A) + there(s, B));
	close(lock);
}

static void test_crash(void **state)
{
	struct scratch *s = *state;
	struct cached_image c;
	struct error err = {0};
	char boot[64];

	cache_boot(boot);
	assert_true(strlen(boot) > 30);
	scratch_write(s, A "/fresh", boot);
	assert_int_equal(cache_find(s->folder, NULL, A, &c, &err), 1);
	close(c.lock);
	scratch_write(s, A "/fresh", "another boot");
	assert_int_equal(cache_find(s->folder, NULL, A, &c, &err), 0);
	scratch_write(s, A "/fresh", "");
	assert_int_equal(cache_find(s->folder, NULL, A, &c, &err), 0);
}

/* An index's digest leads to the manifest's image; a link to anywhere else leads nowhere. */
static void test_links(void **state)
{
	static const char index[] =
		"sha256-cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";
	struct scratch *s = *state;
	struct cached_image c;
	struct error err = {0};
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", s->folder, index);
	assert_int_equal(symlink(A, path), 0);
	assert_int_equal(cache_find(s->folder, NULL, index, &c, &err), 1);
	assert_string_equal(c.key, A);
	close(c.lock);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("../../etc", path), 0);
	assert_int_equal(cache_find(s->folder, NULL, index, &c, &err), 0);
	assert_int_equal(cache_find("/nonexistent", s->folder, B, &c, &err), 1);
	assert_int_equal(c.site, 1);
	assert_int_equal(c.lock, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_words),
		cmocka_unit_test(test_run),
		cmocka_unit_test_setup_teardown(test_least_recently_used, make_cache,
						scratch_remove),
		cmocka_unit_test_setup_teardown(test_in_use, make_cache, scratch_remove),
		cmocka_unit_test_setup_teardown(test_leftovers, make_cache, scratch_remove),
		cmocka_unit_test_setup_teardown(test_crash, make_cache, scratch_remove),
		cmocka_unit_test_setup_teardown(test_links, make_cache, scratch_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
