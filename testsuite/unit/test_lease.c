/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "common/json.h"
#include "sync-agent/fence.h"
#include "sync-agent/lease.h"

#define SECOND 1000000LL

static void take(struct lease *l, const char *text, int64_t now)
{
	_cleanup_json_ struct json_object *o = text ? json_parse(text, strlen(text), NULL) : NULL;

	lease_take(l, o, now);
}

#define LEASE(version, holder, renewed, seconds)                                                   \
	"{\"metadata\":{\"resourceVersion\":\"" version                                            \
	"\"},\"spec\":{\"holderIdentity\":\"" holder "\",\"renewTime\":\"" renewed                 \
	"\",\"leaseDurationSeconds\":" seconds ",\"leaseTransitions\":3}}"

/* It is free when it has not been seen to change for its time, whatever its own times say. */
static void test_free_at(void **state)
{
	static const struct {
		const char *first, *second; /* seen at 100 s, at 110 s */
		int64_t free_at;
	} rows[] = {
		{ NULL, NULL, 0 },
		{ "{}", "{}", 0 },
		{ LEASE("1", "", "a", "15"), LEASE("1", "", "a", "15"), 0 },
		{ LEASE("1", "me", "a", "15"), LEASE("2", "me", "b", "15"), 0 },
		{ LEASE("1", "you", "a", "15"), LEASE("1", "you", "a", "15"), 115 },
		{ LEASE("1", "you", "a", "15"), LEASE("2", "you", "b", "15"), 125 },
		{ LEASE("1", "me", "a", "15"), LEASE("2", "you", "a", "15"), 125 },
		{ NULL, LEASE("2", "you", "a", "20"), 130 },
		/* Somebody wrote a label: that is no renewal. */
		{ LEASE("1", "you", "a", "15"), LEASE("2", "you", "a", "15"), 115 },
		/* Out of bounds. */
		{ LEASE("1", "you", "a", "0"), LEASE("1", "you", "a", "0"), 101 },
		{ LEASE("1", "you", "a", "-5"), LEASE("1", "you", "a", "-5"), 101 },
		{ LEASE("1", "you", "a", "99999999999"), LEASE("1", "you", "a", "99999999999"),
		  3700 },
		{ LEASE("1", "you", "a", "null"), LEASE("1", "you", "a", "null"), 115 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct lease l = { 0 };

		take(&l, rows[i].first, 100 * SECOND);
		take(&l, rows[i].second, 110 * SECOND);
		if (lease_free_at(&l, "me") != rows[i].free_at * SECOND)
			row("%zu: %lld", i, (long long)lease_free_at(&l, "me"));
		assert_int_equal(lease_free_at(&l, "me"), rows[i].free_at * SECOND);
	}
}

static void test_spec(void **state)
{
	static const struct {
		const char *before, *holder;
		int64_t transitions, seconds;
	} rows[] = {
		{ NULL, "me", 0, 15 },
		{ LEASE("1", "you", "a", "15"), "me", 4, 15 },
		{ LEASE("1", "", "a", "15"), "me", 4, 15 },
		{ LEASE("1", "me", "a", "15"), "me", 3, 15 },
		{ LEASE("1", "me", "a", "15"), "", 3, 1 },
	};
	struct timespec now = { .tv_sec = 1700000000, .tv_nsec = 1999 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ struct json_object *spec = NULL;
		struct lease l = { 0 };

		take(&l, rows[i].before, 0);
		spec = lease_spec(&l, rows[i].holder, 15 * SECOND, now);
		assert_string_equal(json_get_string(spec, "holderIdentity"), rows[i].holder);
		assert_string_equal(json_get_string(spec, "renewTime"),
				    "2023-11-14T22:13:20.000001Z");
		assert_int_equal(json_get_int(spec, "leaseTransitions", -1), rows[i].transitions);
		assert_int_equal(json_get_int(spec, "leaseDurationSeconds", -1), rows[i].seconds);
	}
}

static void test_fence(void **state)
{
	assert_false(fence_passed());
	assert_int_equal(fence_init(), 0);
	assert_false(fence_passed());
	fence_set(fence_clock() + 60 * SECOND);
	assert_false(fence_passed());
	fence_set(fence_clock());
	assert_true(fence_passed());
	fence_set(0);
	assert_true(fence_passed());
	fence_set(INT64_MAX);
	assert_false(fence_passed());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_free_at),
		cmocka_unit_test(test_spec),
		cmocka_unit_test(test_fence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
