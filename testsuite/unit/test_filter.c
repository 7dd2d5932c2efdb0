/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "sample_job.h"
#include "sync-agent/filter.h"

static struct words words(const char *list)
{
	static char *texts[4][4];
	static int used;
	struct words w = { .list = texts[used++ % 4] };
	char *copy = strdup(list), *rest = copy, *word;

	while ((word = strsep(&rest, " ")))
		if (word[0])
			w.list[w.n++] = strdup(word);
	free(copy);
	return w;
}

static void drop(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->list[i]);
}

static void test_filter(void **state)
{
	static const struct {
		const char *partitions, *accounts, *users; /* wanted */
		const char *partition;                     /* the job's; it is alice's, of physics */
		bool takes;
	} rows[] = {
		{ "", "", "", "debug", true },
		{ "debug", "", "", "debug", true },
		{ "gpu debug", "", "", "debug", true },
		{ "debug", "", "", "debugger", false },
		{ "debugger", "", "", "debug", false },
		{ "gpu", "", "", "debug", false },
		{ "gpu", "", "", "debug,gpu", true },
		{ "gpu", "", "", "gpu,debug", true },
		{ "gpu", "", "", "a,gpus,b", false },
		{ "gpu", "", "", "", false },
		{ "", "physics", "", "debug", true },
		{ "", "chemistry", "", "debug", false },
		{ "", "", "alice bob", "debug", true },
		{ "", "", "bob", "debug", false },
		{ "debug", "physics", "alice", "debug", true },
		{ "debug", "physics", "bob", "debug", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct config c = { .filter_partitions = words(rows[i].partitions),
				    .filter_accounts = words(rows[i].accounts),
				    .filter_users = words(rows[i].users) };
		struct job job = sample_job(5);

		job.partition = rows[i].partition;
		if (filter_takes(&c, &job) != rows[i].takes)
			row("%zu", i);
		assert_int_equal(filter_takes(&c, &job), rows[i].takes);
		drop(&c.filter_partitions);
		drop(&c.filter_accounts);
		drop(&c.filter_users);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_filter) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
