/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include "sample_job.h"
#include "sync-agent/clock.h"
#include "sync-agent/metrics/census.h"
#include "sync-agent/metrics/metrics.h"
#include "sync-agent/metrics/note.h"
#include "sync-agent/metrics/process.h"

static bool has_line(const struct buffer *b, const char *line)
{
	size_t n = strlen(line);

	for (const char *at = b->data; at && (at = strstr(at, line)); at++)
		if ((at == b->data || at[-1] == '\n') && at[n] == '\n')
			return true;
	return false;
}

#define assert_line(b, line) \
	do {                                                                                  \
		if (!has_line(b, line))                                                       \
			fail_msg("no line '%s' in:\n%s", line, (b)->data ? (b)->data : "");   \
	} while (0)

static void counters_and_times(void **state)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(1 << 20);
	struct metrics m = { 0 };

	metrics_count(&m, COUNT_EDIT_APPLIED);
	metrics_count(&m, COUNT_EDIT_APPLIED);
	metrics_time(&m, TIMES_EDIT, 0.001); /* a bound belongs to its bucket */
	metrics_time(&m, TIMES_EDIT, 0.3);
	metrics_time(&m, TIMES_EDIT, 99);
	metrics_time(&m, TIMES_EDIT, -1); /* not known */
	metrics_time(&m, TIMES_SLURM_JOB, 0.004);
	metrics_text(&m, &b);
	assert_false(b.overflowed);
	assert_line(&b, "# TYPE slurm_kube_edits_total counter");
	assert_line(&b, "slurm_kube_edits_total{result=\"applied\"} 2");
	assert_line(&b, "slurm_kube_edits_total{result=\"refused\"} 0");
	assert_line(&b, "slurm_kube_edit_seconds_bucket{le=\"0.001\"} 1");
	assert_line(&b, "slurm_kube_edit_seconds_bucket{le=\"0.2\"} 1");
	assert_line(&b, "slurm_kube_edit_seconds_bucket{le=\"0.5\"} 2");
	assert_line(&b, "slurm_kube_edit_seconds_bucket{le=\"30\"} 2");
	assert_line(&b, "slurm_kube_edit_seconds_bucket{le=\"+Inf\"} 3");
	assert_line(&b, "slurm_kube_edit_seconds_sum 99.301");
	assert_line(&b, "slurm_kube_edit_seconds_count 3");
	assert_line(&b, "slurm_kube_slurm_call_seconds_bucket{call=\"job\",le=\"0.005\"} 1");
	assert_line(&b, "slurm_kube_slurm_call_seconds_count{call=\"job\"} 1");
}

/* Each family is told of once, before its samples. */
static void families_are_whole(void **state)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(1 << 20);
	static const struct metrics m;
	char *rest, *line, seen[64][64];
	size_t n = 0;

	metrics_text(&m, &b);
	for (rest = b.data; (line = strsep(&rest, "\n")) && line[0];) {
		char name[64];

		if (sscanf(line, "# HELP %63s", name) == 1) {
			for (size_t i = 0; i < n; i++)
				assert_string_not_equal(seen[i], name);
			assert_true(n < ARRAY_SIZE(seen));
			strcpy(seen[n++], name);
		} else if (line[0] != '#') {
			assert_true(n > 0);
			assert_memory_equal(line, seen[n - 1], strlen(seen[n - 1]));
		}
	}
	assert_true(n >= 8);
}

static void escapes(void **state)
{
	static const struct {
		const char *value, *escaped;
	} rows[] = {
		{ "debug", "debug" },
		{ "a\"b\\c\nd", "a\\\"b\\\\c\\nd" },
		{ "", "" },
		{ "0123456789012345678901234567890", "01234567890123456789" },
		{ "012345678901234567\"\"\"\"\"\"\"\"\"\"", "012345678901234567\\\"" },
	};
	char buf[23];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(metrics_text_escape(buf, sizeof(buf), rows[i].value),
				    rows[i].escaped);
}

static void census(void **state)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(1 << 20), after = BUFFER_INIT(1 << 20);
	census_cell a, c;

	a = census_move(0, "PENDING", "debug,long");
	c = census_move(0, "PENDING", "de\"bug");
	census_move(0, "PENDING", NULL);
	assert_int_equal(census_move(0, "", "debug"), 0);
	assert_int_equal(census_move(0, NULL, "debug"), 0);
	census_text(&b);
	assert_line(&b, "slurm_kube_jobs{state=\"PENDING\",partition=\"debug\"} 1");
	assert_line(&b, "slurm_kube_jobs{state=\"PENDING\",partition=\"de\\\"bug\"} 1");
	assert_line(&b, "slurm_kube_jobs{state=\"PENDING\",partition=\"\"} 1");
	a = census_move(a, "RUNNING", "debug");
	assert_int_equal(census_move(c, NULL, NULL), 0);
	census_text(&after);
	assert_line(&after, "slurm_kube_jobs{state=\"PENDING\",partition=\"debug\"} 0");
	assert_line(&after, "slurm_kube_jobs{state=\"PENDING\",partition=\"de\\\"bug\"} 0");
	assert_line(&after, "slurm_kube_jobs{state=\"RUNNING\",partition=\"debug\"} 1");
}

/* Whoever can name partitions can't fill the memory, or Prometheus. */
static void census_is_bounded(void **state)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(1 << 20);
	char name[200], line[100];

	for (int i = 0; i < 3 * CENSUS_MAX; i++) {
		snprintf(name, sizeof(name), "%d%0150d", i, 0);
		census_move(0, "RUNNING", name);
	}
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "STATE%d", i);
		census_move(0, name, "debug");
	}
	census_text(&b);
	assert_false(b.overflowed);
	snprintf(line, sizeof(line), "\nslurm_kube_jobs{state=\"RUNNING\",partition=\"other\"} ");
	assert_non_null(strstr(b.data, line));
	assert_true(b.used < 200 * 1024);
}

static void notes(void **state)
{
	struct job job = sample_job(5);
	struct job_group *group = sample_group(&job, 1);
	struct view v = { .lead = &job, .group = group, .phase = PHASE_PENDING };
	struct metrics m = { 0 };
	struct notes n = { 0 };

	job.eligible = 1000;
	note_change(&n, clock_us());
	note_in_sync(&m, &n, &v); /* nothing was written: nothing to measure */
	assert_int_equal(m.times[TIMES_MIRROR].n, 0);

	note_change(&n, clock_us() - 500000);
	note_change(&n, clock_us());
	v.phase = PHASE_RUNNING;
	v.start = 1007;
	n.told = true;
	note_in_sync(&m, &n, &v);
	assert_int_equal(m.times[TIMES_MIRROR].n, 1);
	assert_true(m.times[TIMES_MIRROR].sum >= 0.5);
	assert_int_equal(m.times[TIMES_JOB_WAIT].n, 1);
	assert_true(m.times[TIMES_JOB_WAIT].sum == 7);

	n.told = true;
	note_in_sync(&m, &n, &v); /* another write of the same run */
	assert_int_equal(m.times[TIMES_JOB_WAIT].n, 1);
	assert_int_equal(m.times[TIMES_JOB_RUN].n, 0);

	v.phase = PHASE_FAILED;
	v.end = 1107;
	for (int i = 0; i < 2; i++) {
		n.told = true;
		note_in_sync(&m, &n, &v);
		assert_int_equal(m.times[TIMES_JOB_RUN].n, 1);
		assert_true(m.times[TIMES_JOB_RUN].sum == 100);
	}

	note_edit(&n, clock_us() - 2000000);
	note_answer(&m, &n);
	note_answer(&m, &n);
	assert_int_equal(m.times[TIMES_EDIT].n, 1);
	assert_true(m.times[TIMES_EDIT].sum >= 2);
	free(group);
}

/* A running job that was there before the agent: its start is not this agent's to measure. */
static void notes_of_a_start_before(void **state)
{
	struct job job = sample_job(5);
	struct view v = { .lead = &job, .phase = PHASE_RUNNING, .start = 1007 };
	struct metrics m = { 0 };
	struct notes n = { 0 };

	job.eligible = 1000;
	note_in_sync(&m, &n, &v);
	v.phase = PHASE_COMPLETED;
	v.end = 1017;
	n.told = true;
	note_in_sync(&m, &n, &v);
	assert_int_equal(m.times[TIMES_JOB_WAIT].n, 0);
	assert_int_equal(m.times[TIMES_JOB_RUN].n, 1);
}

static void process(void **state)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(65536);
	double start = 0, memory = 0;

	process_text(&b);
	assert_int_equal(sscanf(strstr(b.data, "\nprocess_start_time_seconds "),
				"\nprocess_start_time_seconds %lf", &start), 1);
	assert_true(start <= (double)time(NULL) + 2 && start > (double)time(NULL) - 3600);
	assert_int_equal(sscanf(strstr(b.data, "\nprocess_resident_memory_bytes "),
				"\nprocess_resident_memory_bytes %lf", &memory), 1);
	assert_true(memory > 100000 && memory < 1e12);
	assert_non_null(strstr(b.data, "\nprocess_open_fds "));
	assert_non_null(strstr(b.data, "\nprocess_cpu_seconds_total "));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_and_times),
		cmocka_unit_test(families_are_whole),
		cmocka_unit_test(escapes),
		cmocka_unit_test(census),
		cmocka_unit_test(census_is_bounded),
		cmocka_unit_test(notes),
		cmocka_unit_test(notes_of_a_start_before),
		cmocka_unit_test(process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
