/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "scratch.h"
#include "sync-agent/agent.h"

/* looks.c, in the same library, asks it; no test here does. */
void slurm_thread_ask(struct slurm_thread *t, enum slurm_ask ask, uint32_t job_id, bool force)
{
	fail();
}

static struct agent agent_of(struct scratch *s)
{
	struct agent a = { .config.state_folder = s->folder, .cluster = (char *)"tux" };
	struct error err = { 0 };

	if (tombs_load(&a, &err) < 0)
		row("%s", err.text);
	assert_string_equal(err.text, "");
	return a;
}

static void free_agent(struct agent *a)
{
	tombs_free(a);
}

/* What is added is there, also for the next agent. */
static void test_kept(void **state)
{
	struct agent a = agent_of(*state);

	assert_false(tomb_is(&a, 5, 100));
	tomb_add(&a, 5, 100);
	tomb_add(&a, 5, 100);
	tomb_add(&a, 4294967295U, UINT64_MAX);
	tomb_add(&a, 6, 100);
	tomb_add(&a, 6, 200); /* the id was used again */
	free_agent(&a);
	a = agent_of(*state);
	assert_true(tomb_is(&a, 5, 100));
	assert_false(tomb_is(&a, 5, 101));
	assert_true(tomb_is(&a, 4294967295U, UINT64_MAX));
	assert_false(tomb_is(&a, 6, 100));
	assert_true(tomb_is(&a, 6, 200));
	assert_false(tomb_is(&a, 7, 100));
	free_agent(&a);
}

static void test_prune(void **state)
{
	static const uint32_t ids[] = { 1, 3, 5, 4294967295U };
	struct agent a = agent_of(*state);

	for (uint32_t id = 1; id <= 6; id++)
		tomb_add(&a, id, 100);
	tombs_prune(&a, ids, ARRAY_SIZE(ids));
	for (int i = 0; i < 2; i++) {
		for (uint32_t id = 1; id <= 6; id++)
			assert_int_equal(tomb_is(&a, id, 100), id % 2);
		free_agent(&a);
		a = agent_of(*state);
	}
	/* An empty queue. */
	tombs_prune(&a, NULL, 0);
	assert_false(tomb_is(&a, 1, 100));
	tomb_add(&a, 8, 100);
	free_agent(&a);
	a = agent_of(*state);
	assert_false(tomb_is(&a, 1, 100));
	assert_true(tomb_is(&a, 8, 100));
	free_agent(&a);
}

/* A line that a crash cut, and what is no line of ours. */
static void test_broken_file(void **state)
{
	struct scratch *s = *state;
	struct agent a;

	scratch_write(s, "deleted-tux", "hello\n\n5 100\n6\n 7\n8 x\n9 100 more\n-\n5 100");
	a = agent_of(s);
	assert_true(tomb_is(&a, 5, 100));
	assert_false(tomb_is(&a, 6, 0));
	assert_false(tomb_is(&a, 8, 0));
	tomb_add(&a, 10, 100);
	free_agent(&a);
	/* The new line does not grow out of the cut one. */
	a = agent_of(s);
	assert_true(tomb_is(&a, 5, 100));
	assert_true(tomb_is(&a, 10, 100));
	free_agent(&a);
}

static void test_no_folder(void **state)
{
	struct agent a = { .config.state_folder = (char *)"/nonexistent/a", .cluster = (char *)"tux" };
	struct error err = { 0 };

	assert_int_equal(tombs_load(&a, &err), -1);
	assert_non_null(strstr(err.text, "stateFolder /nonexistent/a"));
	tombs_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kept, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_prune, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_broken_file, scratch_make, scratch_remove),
		cmocka_unit_test(test_no_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
