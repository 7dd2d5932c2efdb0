/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "common/json.h"
#include "common/stamp.h"

#define UID "0f8fad5b-d9cb-469f-a165-70867728950e"

static char *alloc(size_t size)
{
	return malloc(size);
}

static char *no_alloc(size_t size)
{
	return NULL;
}

static void test_is_uid(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} rows[] = {
		{ UID, true },
		{ "0F8FAD5B-D9CB-469F-A165-70867728950E", true },
		{ "00000000-0000-0000-0000-000000000000", true },
		{ NULL, false },
		{ "", false },
		{ UID "0", false },
		{ UID "\n", false },
		{ "0f8fad5b-d9cb-469f-a165-70867728950", false },
		{ "0f8fad5b-d9cb-469f-a165-70867728950g", false },
		{ "0f8fad5b-d9cb-469f-a165-70867728950\"", false },
		{ "0f8fad5bd9cb-469f-a165-708677289500e", false },
		{ "0f8fad5b-d9cb-469f-a165+70867728950e", false },
		{ "------------------------------------", false },
		{ "0f8fad5b-d9cb-469f-a1-5-70867728950e", false },
		{ "0f8fad5b-d9cb-469f-a165-7086772895\xc3\xa9", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (stamp_is_uid(rows[i].text) != rows[i].is)
			row("%s", rows[i].text);
		assert_int_equal(stamp_is_uid(rows[i].text), rows[i].is);
	}
}

static void test_find(void **state)
{
	char *const environment[] = { "A=1", NULL, "AB=2", "", "=x", "NOEQUALS", "A=3", "EMPTY=" };
	uint32_t n = ARRAY_SIZE(environment), index = 99;

	assert_string_equal(environment_find(environment, n, "A", &index), "1");
	assert_int_equal(index, 0);
	assert_string_equal(environment_find(environment, n, "AB", &index), "2");
	assert_int_equal(index, 2);
	assert_string_equal(environment_find(environment, n, "EMPTY", NULL), "");
	assert_null(environment_find(environment, n, "B", &index));
	assert_null(environment_find(environment, n, "NOEQUALS", &index));
	assert_null(environment_find(environment, 2, "AB", &index));
	assert_int_equal(index, 2);
	assert_null(environment_find(NULL, 5, "A", &index));
	assert_null(environment_find(NULL, 0, "A", &index));
}

static int released;

static void release(char *entry)
{
	released++;
	free(entry);
}

static void test_drop(void **state)
{
	char *environment[] = { strdup("X=1"), strdup("A=1"), NULL, strdup("X=2"), strdup("XY=3"), NULL };

	released = 0;
	assert_int_equal(environment_drop(environment, 5, "X", release), 3);
	assert_int_equal(released, 2);
	assert_string_equal(environment[0], "A=1");
	assert_null(environment[1]);
	assert_string_equal(environment[2], "XY=3");
	assert_null(environment[3]);
	assert_null(environment[4]);
	assert_int_equal(environment_drop(environment, 3, "X", release), 3);
	assert_int_equal(environment_drop(NULL, 3, "X", release), 0);
	assert_int_equal(environment_drop(environment, 0, "X", release), 0);
	free(environment[0]);
	free(environment[2]);
}

static void test_wanted(void **state)
{
	char *const good[] = { "PATH=/bin", "SLURM_KUBE_UID=" UID };
	char *const bad[] = { "SLURM_KUBE_UID=\"}},{\"x\":{\"y\":\"", "SLURM_KUBE_UID=" UID };
	char *const none[] = { "XSLURM_KUBE_UID=" UID, "SLURM_KUBE_UID2=" UID };

	assert_string_equal(stamp_wanted(good, 2), UID);
	assert_null(stamp_wanted(good, 1));
	assert_null(stamp_wanted(bad, 2));
	assert_null(stamp_wanted(none, 2));
	assert_null(stamp_wanted(NULL, 0));
}

static void test_text(void **state)
{
	static const struct {
		const char *comment, *text;
	} rows[] = {
		{ NULL, "{\"slurm-kube\":{\"uid\":\"" UID "\"}}" },
		{ "", "{\"slurm-kube\":{\"uid\":\"" UID "\"}}" },
		{ "site %s", "site %s {\"slurm-kube\":{\"uid\":\"" UID "\"}}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *text = stamp_text(rows[i].comment, UID, alloc);

		assert_string_equal(text, rows[i].text);
	}
	assert_null(stamp_text(NULL, UID, no_alloc));
	assert_null(stamp_text("x", UID, no_alloc));
}

static void test_text_is_json(void **state)
{
	_cleanup_free_ char *text = stamp_text(NULL, UID, alloc);
	_cleanup_json_ struct json_object *o = json_parse(text, strlen(text), NULL);

	assert_string_equal(json_get_string(o, "slurm-kube.uid"), UID);
}

static void test_entry(void **state)
{
	_cleanup_free_ char *entry = environment_entry("SLURM_CONTAINER", "/b=%n", alloc);

	assert_string_equal(entry, "SLURM_CONTAINER=/b=%n");
	assert_null(environment_entry("A", "b", no_alloc));
}

static void test_read(void **state)
{
	static const char other[] = "11111111-d9cb-469f-a165-70867728950e";
	char uid[STAMP_UID_LENGTH + 1], text[300];
	static const char *const none[] = {
		"",
		UID,
		"{\"slurm-kube\":{\"uid\":\"",
		"{\"slurm-kube\":{\"uid\":\"" UID,
		"{\"slurm-kube\":{\"uid\":\"x" UID "\"}}",
		"{\"slurm-kube\":{\"uid\":\"" UID "\" }}",
	};

	assert_true(stamp_read("site {\"slurm-kube\":{\"uid\":\"" UID "\"}} more", uid));
	assert_string_equal(uid, UID);
	/* What was there before the stamp is the site's, or a requeued job's. */
	snprintf(text, sizeof(text), "{\"slurm-kube\":{\"uid\":\"%s\"}} {\"slurm-kube\":{\"uid\":\"%s\"}}",
		 other, UID);
	assert_true(stamp_read(text, uid));
	assert_string_equal(uid, UID);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		assert_false(stamp_read(none[i], uid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_uid), cmocka_unit_test(test_find),
		cmocka_unit_test(test_drop),   cmocka_unit_test(test_wanted),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_read),   cmocka_unit_test(test_text_is_json),
		cmocka_unit_test(test_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
