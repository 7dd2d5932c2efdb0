/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <time.h>

#include "common/json.h"
#include "scratch.h"
#include "common/yaml.h"

static void test_values(void **state)
{
	static const struct {
		const char *yaml, *json; /* or part of the error */
		bool refused;
	} rows[] = {
		{ "a: 1\nb: x\nc: true\nd: ~\n", "{\"a\":1,\"b\":\"x\",\"c\":true,\"d\":null}" },
		{ "a: [1, '1', \"1\", 01, 0, -5, 1.5]", "{\"a\":[1,\"1\",\"1\",\"01\",0,-5,\"1.5\"]}" },
		{ "a: 99999999999999999999", "{\"a\":\"99999999999999999999\"}" },
		{ "a: 9223372036854775807", "{\"a\":9223372036854775807}" },
		{ "a: false\nb: null\nc:\nd: ''", "{\"a\":false,\"b\":null,\"c\":null,\"d\":\"\"}" },
		{ "a: 1x\nb: yes\nc:\n-\n", "{\"a\":\"1x\",\"b\":\"yes\",\"c\":[null]}" },
		{ "- a\n- b: 1\n", "[\"a\",{\"b\":1}]" },
		{ "a: &x [1]\nb: *x\n", "{\"a\":[1],\"b\":[1]}" },
		{ "{\"a\": {\"b\": []}}", "{\"a\":{\"b\":[]}}" },
		{ "a: |\n  x\n  y\n", "{\"a\":\"x\\ny\\n\"}" },
		{ "a: 1\n---\nb: 2\n", "{\"a\":1}" },
		{ "hello", "\"hello\"" },
		{ "", "empty", true },
		{ "# nothing\n", "empty", true },
		{ "~", "says nothing", true },
		{ "a: [1\nb: 2\n", ":2: ", true },
		{ "a: 1\n\tb: 2\n", ":2: ", true },
		{ "a: 'x\n", ":2: ", true },
		{ "a: *unknown\n", ":1: ", true },
		{ "a: 1\nb: 2\na: 3\n", ":3: a: this key", true },
		{ "a:\n  b: 1\n  b: 2\n", ":3: b: this key", true },
		{ "\"a\\0b\": 1\n", ":1: a: this key", true },
		{ "? [a]\n: 1\n", ":1: a key has to be a word", true },
		{ "a: \xff\xfe\n", ":1: ", true },
		{ "a: &x [*x]\n", "too large or too deep", true },
		{ "&x a: *x\n", "{\"a\":\"a\"}" },
		{ "&x {a: *x}\n", "too large or too deep", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = { 0 };
		const char *path = scratch_write(*state, "f.yaml", rows[i].yaml);
		_cleanup_json_ struct json_object *o = yaml_load(path, &err);

		if (!o != rows[i].refused)
			row("'%s': %s", rows[i].yaml, err.text);
		assert_int_equal(!o, rows[i].refused);
		if (o) {
			assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
					    rows[i].json);
			continue;
		}
		if (!strstr(err.text, rows[i].json))
			row("'%s': %s", rows[i].yaml, err.text);
		assert_non_null(strstr(err.text, rows[i].json));
		assert_non_null(strstr(err.text, path));
		assert_null(yaml_load(path, NULL));
	}
}

static void test_lines(void **state)
{
	const char *path = scratch_write(*state, "f.yaml", "# x\na:\n  b: 1\n  c:\n\nd: [1,\n 2]\n");
	_cleanup_json_ struct json_object *o = yaml_load(path, NULL);

	assert_int_equal(yaml_line(o, "a"), 2);
	assert_int_equal(yaml_line(json_get(o, "a"), "b"), 3);
	assert_int_equal(yaml_line(json_get(o, "a"), "c"), 4);
	assert_int_equal(yaml_line(o, "d"), 6);
	assert_int_equal(yaml_line(o, "e"), 0);
	assert_int_equal(yaml_line(json_get(o, "d"), "e"), 0);
	assert_int_equal(yaml_line(NULL, "e"), 0);
}

/* Small files that say much: nodes that double with each line, one large text a thousand times,
 * nesting without end. */
static void test_bombs(void **state)
{
	static char doubling[2000] = "a0: &a0 [x, x]\n", texts[500000] = "a: &a ", deep[200000];
	static char dashes[200000];
	const char *rows[] = { doubling, texts, deep, deep + 190001, dashes };
	size_t n;

	for (int i = 1; i < 40; i++)
		sprintf(doubling + strlen(doubling), "a%d: &a%d [*a%d, *a%d]\n", i, i, i - 1, i - 1);
	n = strlen(texts);
	memset(texts + n, 'x', 300000);
	strcpy(texts + n + 300000, "\nb: [*a");
	for (int i = 0; i < 10000; i++)
		strcat(texts + 300000, ", *a");
	strcat(texts + 300000, "]\n");
	memset(deep, '[', sizeof(deep) - 1);
	for (size_t i = 0; i + 2 < sizeof(dashes); i += 2)
		memcpy(dashes + i, "- ", 2);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		clock_t began = clock();

		assert_null(yaml_load(scratch_write(*state, "f.yaml", rows[i]), NULL));
		if (clock() - began > 2 * CLOCKS_PER_SEC)
			row("%zu", i);
		assert_true(clock() - began < 2 * CLOCKS_PER_SEC);
	}
}

static void test_files(void **state)
{
	struct scratch *s = *state;
	struct error err = { 0 };
	char *large;

	assert_null(yaml_load("/nonexistent/f.yaml", &err));
	assert_non_null(strstr(err.text, "/nonexistent/f.yaml"));
	assert_null(yaml_load(s->folder, &err));
	large = calloc(1, YAML_MAX + 2);
	memset(large, '#', YAML_MAX + 1);
	assert_null(yaml_load(scratch_write(s, "large", large), &err));
	assert_non_null(strstr(err.text, "larger than"));
	free(large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_lines, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_bombs, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_files, scratch_make, scratch_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
