/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <ctype.h>

#include "common/json.h"
#include "sync-agent/mirror/text.h"

static void test_json(void **state)
{
	static const struct {
		const char *text;
		size_t max;
		const char *string;
	} rows[] = {
		{ "", 10, "" },
		{ "plain", 10, "plain" },
		{ "a\nb\tc", 10, "a\nb\tc" },
		{ "a\rb\x1b[31m", 20, "a?b?[31m" },
		{ "\x7f\x01", 10, "??" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 20, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		/* C1 controls are escape sequences to some terminals. */
		{ "\xc2\x9b""31m", 20, "??31m" },
		{ "\xc2\xa0", 20, "\xc2\xa0" },
		/* Latin-1, sequences that end too early, also at the end of the text. */
		{ "caf\xe9", 10, "caf?" },
		{ "\xe2\x82", 10, "??" },
		{ "\xe2", 10, "?" },
		{ "\xf0\x9f\x98", 10, "???" },
		{ "\xf0\x9f", 10, "??" },
		{ "\xf0", 10, "?" },
		{ "\xc3", 10, "?" },
		{ "\xc3z", 10, "?z" },
		{ "\xe2\x82z", 10, "??z" },
		/* Overlong forms, surrogates, beyond U+10FFFF, stray continuation bytes. */
		{ "\xc0\xaf", 10, "??" },
		{ "\xe0\x80\xaf", 10, "???" },
		{ "\xed\xa0\x80", 10, "???" },
		{ "\xf4\x90\x80\x80", 10, "????" },
		{ "\x80\xbf\xff\xfe", 10, "????" },
		/* Cut on a character's border. */
		{ "abcdef", 3, "abc" },
		{ "ab\xe2\x82\xac", 4, "ab" },
		{ "ab\xe2\x82\xac", 5, "ab\xe2\x82\xac" },
		{ "\xff\xff\xff", 2, "??" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		/* On the heap without a byte to spare: a sanitizer sees a look beyond the end. */
		_cleanup_free_ char *text = strdup(rows[i].text);
		_cleanup_json_ struct json_object *o = text_json(text, rows[i].max);

		assert_true(json_object_is_type(o, json_type_string));
		if (strcmp(json_object_get_string(o), rows[i].string))
			row("%zu: '%s'", i, json_object_get_string(o));
		assert_string_equal(json_object_get_string(o), rows[i].string);
	}
}

/* Whatever three bytes: the JSON made of them parses again. */
static void test_json_is_valid(void **state)
{
	for (unsigned n = 0; n < 1 << 24; n += 61) {
		char text[5] = { n >> 16, n >> 8, n, 'z', '\0' };
		_cleanup_json_ struct json_object *o = text_json(text, 100), *back = NULL;
		const char *json = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);

		back = json_parse(json, strlen(json), NULL);
		assert_non_null(back);
	}
}

static void test_label(void **state)
{
	static const struct {
		const char *text, *label;
	} rows[] = {
		{ "", "" },
		{ "alice", "alice" },
		{ "Alice.B-c_d", "Alice.B-c_d" },
		{ "a b/c", "a_b_c" },
		{ "--a--", "a" },
		{ "...", "" },
		{ "\xc3\xa9", "" },
		{ "caf\xc3\xa9", "caf" },
		{ "caf\xc3\xa9s", "caf__s" },
		{ "OUT_OF_MEMORY", "OUT_OF_MEMORY" },
		{ "debug,batch", "debug_batch" },
		{ "123456789012345678901234567890123456789012345678901234567890123x",
		  "123456789012345678901234567890123456789012345678901234567890123" },
		{ "12345678901234567890123456789012345678901234567890123456789012-x",
		  "12345678901234567890123456789012345678901234567890123456789012" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char label[LABEL_MAX + 1];

		text_label(rows[i].text, label);
		assert_string_equal(label, rows[i].label);
	}
}

static void assert_dns_label(const char *label)
{
	size_t n = strlen(label);

	assert_in_range(n, 1, LABEL_MAX);
	assert_int_equal(strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789-"), n);
	assert_true(label[0] != '-' && label[n - 1] != '-');
}

/* Names that are labels stay; all others differ from each other and from those. */
static void test_dns_label(void **state)
{
	static char long_a[301], long_b[301], letters_63[64], letters_64[65];
	const struct {
		const char *text;
		bool stays;
	} rows[] = {
		{ "alice", true },
		{ "a", true },
		{ "0", true },
		{ "a-b", true },
		{ letters_63, true },
		{ letters_64, false },
		{ "", false },
		{ "Alice", false },
		{ "ALICE", false },
		{ "alice-", false },
		{ "-alice", false },
		{ "-", false },
		{ "--", false },
		{ "a_b", false },
		{ "a.b", false },
		{ "a b", false },
		{ "\xc3\xa9", false },
		{ "\xc3\xa8", false },
		{ "\xff", false },
		{ "user@realm.org", false },
		{ "user@realm_org", false },
		{ long_a, false },
		{ long_b, false },
	};
	char labels[ARRAY_SIZE(rows)][LABEL_MAX + 1];

	memset(long_a, 'a', 300);
	memset(long_b, 'a', 300);
	long_b[299] = 'b';
	memset(letters_63, 'c', 63);
	memset(letters_64, 'c', 64);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		text_dns_label(rows[i].text, labels[i]);
		assert_dns_label(labels[i]);
		if (rows[i].stays != !strcmp(labels[i], rows[i].text))
			row("%s: %s", rows[i].text, labels[i]);
		assert_int_equal(rows[i].stays, !strcmp(labels[i], rows[i].text));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(labels[i], labels[k]);
	}
}

static void test_dns_label_any_bytes(void **state)
{
	for (unsigned n = 0; n < 1 << 16; n++) {
		char text[4] = { n >> 8, n, 'x', '\0' }, label[LABEL_MAX + 1];

		text_dns_label(text, label);
		assert_dns_label(label);
	}
}

static void test_time(void **state)
{
	static const struct {
		time_t when;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ 1700000000, "2023-11-14T22:13:20Z" },
		{ 4294967295, "2106-02-07T06:28:15Z" },
		{ 253402300799, "9999-12-31T23:59:59Z" },
		/* metav1.Time has no later ones, and an API server takes none. */
		{ 253402300800, "9999-12-31T23:59:59Z" },
		{ INT64_MAX, "9999-12-31T23:59:59Z" },
		{ -1, "1970-01-01T00:00:00Z" },
		{ INT64_MIN, "1970-01-01T00:00:00Z" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[TIME_SIZE] = "";

		text_time(rows[i].when, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void test_time_parse(void **state)
{
	static const struct {
		const char *text;
		time_t when;
	} rows[] = {
		{ "2023-11-14T22:13:20Z", 1700000000 }, { "1970-01-01T00:00:00Z", 0 },
		{ "9999-12-31T23:59:59Z", 253402300799 }, { "0001-01-01T00:00:00Z", 0 },
		{ "2023-11-14T22:13:20", 0 }, { "2023-11-14T22:13:20Zx", 0 }, { "", 0 }, { "now", 0 },
		{ "2023-99-14T22:13:20Z", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(text_time_parse(rows[i].text), rows[i].when);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),      cmocka_unit_test(test_json_is_valid),
		cmocka_unit_test(test_label),     cmocka_unit_test(test_dns_label),
		cmocka_unit_test(test_dns_label_any_bytes), cmocka_unit_test(test_time),
		cmocka_unit_test(test_time_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
