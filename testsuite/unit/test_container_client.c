/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forms of what the --container-* options take. */
#include "unit.h"

#include "common/container_name.h"

#define SIXTY_FOUR "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_name(void **state)
{
	static const struct {
		const char *text, *name, *inherited;
		enum container_name_mode mode;
		bool global;
	} rows[] = {
		{"a", "a", "a", CONTAINER_NAME_AUTO, false},
		{"My.env_1-2", "My.env_1-2", "My.env_1-2", CONTAINER_NAME_AUTO, false},
		{SIXTY_FOUR ":global", SIXTY_FOUR, SIXTY_FOUR ":global", CONTAINER_NAME_AUTO, true},
		{"a:auto", "a", "a", CONTAINER_NAME_AUTO, false},
		{"a:create", "a", "a", CONTAINER_NAME_CREATE, false},
		{"a:global:exec", "a", "a:global", CONTAINER_NAME_EXEC, true},
		{"a:no_exec:global", "a", "a:global", CONTAINER_NAME_NO_EXEC, true},
		{"a:exec:exec", "a", "a", CONTAINER_NAME_EXEC, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char inherited[CONTAINER_NAME_TEXT_MAX];
		struct container_name name;
		struct error err;

		row("%s", rows[i].text);
		assert_int_equal(container_name_parse(rows[i].text, &name, &err), 0);
		assert_string_equal(name.name, rows[i].name);
		assert_int_equal(name.mode, rows[i].mode);
		assert_int_equal(name.global, rows[i].global);
		container_name_format_inherited(&name, inherited);
		assert_string_equal(inherited, rows[i].inherited);
	}
}

static void test_bad_name(void **state)
{
	static const struct {
		const char *text, *problem;
	} rows[] = {
		{"", "'' is no name"},
		{":exec", "'' is no name"},
		{".", "'.' is no name"},
		{"..", "'..' is no name"},
		{"-a", "'-a' is no name"},
		{"a/b", "'a/b' is no name"},
		{"a b", "'a b' is no name"},
		{"a\n", "is no name"},
		{SIXTY_FOUR "x", "is no name"},
		{"a:", "'' is no flag"},
		{"a:Exec", "'Exec' is no flag"},
		{"a:exe", "'exe' is no flag"},
		{"a:exec:create", "'create' contradicts"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct container_name name;
		struct error err = {0};

		row("%s", rows[i].text);
		assert_int_equal(container_name_parse(rows[i].text, &name, &err), -1);
		assert_non_null(strstr(err.text, rows[i].problem));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_bad_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
