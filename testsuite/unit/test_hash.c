/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values that are on disk, or in names in Kubernetes: an agent of another version has to come to the same. */
#include "unit.h"

#include "common/hash.h"
#include "sync-agent/entry.h"
#include "sync-agent/mirror/namespace.h"
#include "sync-agent/mirror/partition.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/recorder.h"

/* Source: draft-eastlake-fnv, appendix C. */
static void test_vectors(void **state)
{
	assert_true(hash_bytes(HASH_SEED, "", 0) == UINT64_C(0xcbf29ce484222325));
	assert_true(hash_bytes(HASH_SEED, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(hash_bytes(HASH_SEED, "foobar", 6) == UINT64_C(0x85944171f73967e8));
	assert_true(hash_text(HASH_SEED, "ab") == UINT64_C(0xe72003190541fc1e));
	assert_true(hash_number(HASH_SEED, 'a') == hash_bytes(HASH_SEED, "a", 1));
	assert_int_equal(hash32_bytes(HASH32_SEED, "", 0), 0x811c9dc5);
	assert_int_equal(hash32_bytes(HASH32_SEED, "a", 1), 0xe40c292c);
	assert_int_equal(hash32_bytes(HASH32_SEED, "foobar", 6), 0xbf9cf968);
	assert_int_equal(hash32_text(HASH32_SEED, "ab"), 0x3b481cfe);
}

static void test_names(void **state)
{
	const struct job job = { .user = "a-b", .account = "c" };
	_cleanup_free_ char *partition = partition_object_name("lab", "Debug", true);
	_cleanup_free_ char *namespace = namespace_of("{user}-{account}", &job);
	char label[LABEL_MAX + 1];

	text_dns_label("Alice", label);
	assert_string_equal(label, "alice-2cdd8587");
	assert_string_equal(partition, "lab-debug-2a610338-9f869e6b");
	assert_string_equal(namespace, "a-b-c-f03bd84a");
}

/* status.submittedHash */
static void test_submitted(void **state)
{
	struct entries table = { 0 };
	struct entry *e = entry_add(&table, 5, "ns", "tux-5");
	char hash[17];

	entry_submitted_hash(e, hash);
	assert_string_equal(hash, "");
	entry_set(&e->submitted, "{\"workingDir\":\"/tmp\"}");
	entry_submitted_hash(e, hash);
	assert_string_equal(hash, "ffbcd59b0fa4888f");
	entry_remove(&table, e);
}

/* Two agents give the Event of one occasion the same name. */
static void test_event(void **state)
{
	struct event_what w = { .api_version = "v", .kind = "k",      .namespace = "ns",
				.name = "job",	    .uid = "uid-1",   .version = "1",
				.reason = "Started", .message = "any", .occasion = 5 };
	struct recorder *r = calloc(1, sizeof(*r));
	struct timespec wall = { .tv_sec = 1 };

	recorder_add(r, &w, 1000000, wall);
	assert_non_null(r->queue);
	assert_string_equal(r->queue->name, "job.6eb95fdea9bce0c1");
	recorder_free(r);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_submitted),
		cmocka_unit_test(test_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
