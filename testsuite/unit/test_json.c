/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "common/json.h"

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		const char *error; /* NULL: it parses */
	} rows[] = {
		{ "{}", NULL },
		{ " {\"a\": [1, 2.5, \"x\", true, null]} \r\n", NULL },
		{ "42", NULL },
		{ "\"text\"", NULL },
		{ "false", NULL },
		{ "\"\\u00e9\xc3\xa9\"", NULL },
		{ "", "ends too early" },
		{ "{\"a\":", "ends too early" },
		{ "[1, 2", "ends too early" },
		{ "null", "null" },
		{ "{} x", "not valid JSON at byte" },
		{ "{}{}", "not valid JSON at byte" },
		{ "{a: 1}", "not valid JSON at byte" },
		{ "[1,]", "not valid JSON at byte" },
		{ "// comment\n{}", "not valid JSON at byte" },
		{ "\"\xff\"", "not valid JSON at byte" },
		{ "tru", "ends too early" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *o = NULL;
		struct error err = { 0 };

		o = json_parse(rows[i].text, strlen(rows[i].text), &err);
		if (!o != !!rows[i].error || (rows[i].error && !strstr(err.text, rows[i].error)))
			row("%s: %s", rows[i].text, err.text);
		assert_int_equal(!o, !!rows[i].error);
		if (rows[i].error)
			assert_non_null(strstr(err.text, rows[i].error));
	}
}

static void test_parse_bytes(void **state)
{
	struct error err;

	/* A NUL byte isn't the end. */
	assert_null(json_parse("{}\0{}", 5, &err));
	assert_null(json_parse("{\"a\":\"b\0c\"}", 11, &err));
	assert_null(json_parse("\0", 1, &err));
	assert_null(json_parse("{}\0", 3, &err));
}

/* Text of depth opening brackets and as many closing ones. */
static struct json_object *parse_nested(int depth, struct error *err)
{
	_cleanup_free_ char *text = malloc(2 * depth);

	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	return json_parse(text, 2 * depth, err);
}

static void test_parse_depth(void **state)
{
	_cleanup_json_ struct json_object *o = NULL;
	struct error err = { 0 };

	o = parse_nested(JSON_MAX_DEPTH - 1, &err);
	assert_non_null(o);
	assert_null(parse_nested(JSON_MAX_DEPTH + 1, &err));
	assert_null(parse_nested(1000000, &err));
	assert_non_null(strstr(err.text, "not valid JSON at byte"));
}

static const char text[] = "{\"s\":\"text\",\"n\":42,\"b\":true,\"nil\":null,\"o\":{\"p\":{\"q\":-1}},"
			   "\"a\":[1],\"big\":9223372036854775807,\"huge\":1e300,\"\":3}";

static void test_get(void **state)
{
	_cleanup_json_ struct json_object *o = json_parse(text, strlen(text), NULL);

	assert_non_null(o);
	assert_ptr_equal(json_get(o, ""), o);
	assert_non_null(json_get(o, "o.p.q"));
	assert_null(json_get(o, "o.p.q.r"));
	assert_null(json_get(o, "o.x.q"));
	assert_null(json_get(o, "nil"));
	assert_null(json_get(o, "nil.x"));
	assert_null(json_get(o, "a.0"));
	assert_null(json_get(NULL, "a"));
}

static void test_get_long_key(void **state)
{
	_cleanup_json_ struct json_object *o = json_parse(text, strlen(text), NULL);
	char key[1000];

	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	assert_null(json_get(o, key));
}

static void test_get_typed(void **state)
{
	_cleanup_json_ struct json_object *o = json_parse(text, strlen(text), NULL);

	assert_string_equal(json_get_string(o, "s"), "text");
	assert_null(json_get_string(o, "n"));
	assert_null(json_get_string(o, "x"));
	assert_int_equal(json_get_int(o, "n", 7), 42);
	assert_int_equal(json_get_int(o, "o.p.q", 7), -1);
	assert_int_equal(json_get_int(o, "s", 7), 7);
	assert_int_equal(json_get_int(o, "huge", 7), 7);
	assert_true(json_get_int(o, "big", 7) == INT64_MAX);
	assert_true(json_get_bool(o, "b", false));
	assert_true(json_get_bool(o, "n", true));
	assert_false(json_get_bool(o, "x", false));
}

static void test_set(void **state)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();

	json_set_string(o, "s", "a\"b");
	json_set_string(o, "none", NULL);
	json_set_int(o, "n", INT64_MIN);
	json_set_bool(o, "b", true);
	assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
			    "{\"s\":\"a\\\"b\",\"n\":-9223372036854775808,\"b\":true}");
}

static void test_member(void **state)
{
	static const char json[] = "{\"a/b.c\":\"x\",\"n\":1,\"null\":null}";
	_cleanup_json_ struct json_object *o = json_parse(json, strlen(json), NULL);

	assert_string_equal(json_member_string(o, "a/b.c"), "x");
	assert_int_equal(json_object_get_int(json_member(o, "n")), 1);
	assert_null(json_member_string(o, "n"));
	assert_null(json_member(o, "null"));
	assert_null(json_member(o, "missing"));
	assert_null(json_member(o, NULL));
	assert_null(json_member(NULL, "n"));
	assert_null(json_member(json_member(o, "n"), "n"));
}

static void test_find(void **state)
{
	static const char json[] = "[1,{\"k.a\":\"no\"},{\"k.a\":2},{\"k.a\":\"x\",\"n\":1},{\"k.a\":\"x\",\"n\":2}]";
	_cleanup_json_ struct json_object *list = json_parse(json, strlen(json), NULL);

	assert_int_equal(json_get_int(json_find(list, "k.a", "x"), "n", 0), 1);
	assert_int_equal(json_find_index(list, "k.a", "x"), 3);
	assert_int_equal(json_find_index(list, "k.a", "y"), 5);
	assert_null(json_find(list, "k.a", "y"));
	assert_null(json_find(list, "k.a", NULL));
	assert_null(json_find(list, "missing", "x"));
	assert_null(json_find(json_find(list, "k.a", "x"), "k.a", "x"));
	assert_null(json_find(NULL, "k.a", "x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),        cmocka_unit_test(test_parse_bytes),
		cmocka_unit_test(test_parse_depth),  cmocka_unit_test(test_get),
		cmocka_unit_test(test_get_long_key), cmocka_unit_test(test_get_typed),
		cmocka_unit_test(test_set),          cmocka_unit_test(test_member),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
