/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "jobsubmit/recent.h"

#define UID "0f8fad5b-d9cb-469f-a165-70867728950e"

static void test_once(void **state)
{
	assert_true(recent_add(1000, UID, "1"));
	assert_false(recent_add(1000, UID, "1"));
	assert_true(recent_add(1000, UID, "2"));
	/* Another user's attempt doesn't take it away. */
	assert_true(recent_add(1001, UID, "1"));
	assert_true(recent_add(1000, "1" UID, "1"));
}

/* More than there is room for: none is refused, and the latest are known. */
static void test_many(void **state)
{
	char generation[16];

	for (int i = 0; i < 100000; i++) {
		snprintf(generation, sizeof(generation), "%d", i);
		assert_true(recent_add(2000, UID, generation));
		assert_false(recent_add(2000, UID, generation));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
