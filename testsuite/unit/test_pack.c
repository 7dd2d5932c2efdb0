/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "sync-agent/pack.h"

static void assert_back(const char *text, size_t len)
{
	_cleanup_free_ void *packed = pack(text, len);
	_cleanup_free_ char *back = NULL;
	size_t back_len;

	assert_non_null(packed);
	back = unpack(packed, &back_len);
	assert_non_null(back);
	assert_int_equal(back_len, len);
	assert_memory_equal(back, text, len);
	assert_int_equal(back[len], '\0');
}

static void test_texts(void **state)
{
	static const char *const texts[] = {
		"", "x", "{}", "{\"jobName\":\"a\"}", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"{\"account\":\"users\",\"cpusPerTask\":1,\"hold\":true,\"partition\":\"debug\"}",
	};
	enum { LARGE = 300000 };
	static char large[LARGE];
	unsigned seed = 3;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_back(texts[i], strlen(texts[i]));
	assert_back("a\0b\0", 4);
	for (size_t i = 0; i < LARGE; i++)
		large[i] = (char)rand_r(&seed);
	assert_back(large, LARGE);
	memset(large, 'x', LARGE / 2);
	assert_back(large, LARGE);
	/* Its stream is in order after each of them. */
	for (size_t len = 0; len < 5000; len += 7)
		assert_back(large + LARGE / 2 - len / 2, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_texts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
