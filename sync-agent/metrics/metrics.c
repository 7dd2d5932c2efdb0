/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/metrics/metrics.h"

#include <inttypes.h>
#include <string.h>

/* Rows of one family follow each other; the first has its help. */
static const struct {
	const char *family, *labels, *help;
} counter_rows[COUNTERS] = {
	[COUNT_WRITE_CREATE] = { "slurm_kube_writes_total", "kind=\"create\"",
				 "Writes to the API server." },
	[COUNT_WRITE_SPEC] = { "slurm_kube_writes_total", "kind=\"spec\"", NULL },
	[COUNT_WRITE_STATUS] = { "slurm_kube_writes_total", "kind=\"status\"", NULL },
	[COUNT_WRITE_LABEL] = { "slurm_kube_writes_total", "kind=\"label\"", NULL },
	[COUNT_WRITE_FINALIZER] = { "slurm_kube_writes_total", "kind=\"finalizer\"", NULL },
	[COUNT_WRITE_NAMESPACE] = { "slurm_kube_writes_total", "kind=\"namespace\"", NULL },
	[COUNT_WRITE_EVENT] = { "slurm_kube_writes_total", "kind=\"event\"", NULL },
	[COUNT_WRITE_POD] = { "slurm_kube_writes_total", "kind=\"pod\"", NULL },
	[COUNT_WRITE_NODE] = { "slurm_kube_writes_total", "kind=\"node\"", NULL },
	[COUNT_WRITE_OTHER] = { "slurm_kube_writes_total", "kind=\"other\"", NULL },
	[COUNT_WRITE_DELETE] = { "slurm_kube_writes_total", "kind=\"delete\"", NULL },
	[COUNT_READ] = { "slurm_kube_reads_total", NULL,
			 "Objects read one by one, before a late write to them." },
	[COUNT_EDIT_APPLIED] = { "slurm_kube_edits_total", "result=\"applied\"",
				 "Edits of objects, by what came of them in Slurm." },
	[COUNT_EDIT_REFUSED] = { "slurm_kube_edits_total", "result=\"refused\"", NULL },
	[COUNT_EDIT_LOST] = { "slurm_kube_edits_total", "result=\"lost\"", NULL },
	[COUNT_CANCEL_APPLIED] = { "slurm_kube_cancels_total", "result=\"applied\"",
				   "Jobs cancelled because their object was deleted." },
	[COUNT_CANCEL_REFUSED] = { "slurm_kube_cancels_total", "result=\"refused\"", NULL },
	[COUNT_CANCEL_LOST] = { "slurm_kube_cancels_total", "result=\"lost\"", NULL },
	[COUNT_SUBMIT_APPLIED] = { "slurm_kube_submissions_total", "result=\"applied\"",
				   "Jobs submitted because of an object." },
	[COUNT_SUBMIT_REFUSED] = { "slurm_kube_submissions_total", "result=\"refused\"", NULL },
	[COUNT_SUBMIT_LOST] = { "slurm_kube_submissions_total", "result=\"lost\"", NULL },
	[COUNT_SLURM_FAILED_QUEUE] = { "slurm_kube_slurm_call_errors_total", "call=\"queue\"",
				       "Calls of slurmctld and slurmdbd that failed." },
	[COUNT_SLURM_FAILED_JOB] = { "slurm_kube_slurm_call_errors_total", "call=\"job\"", NULL },
	[COUNT_SLURM_FAILED_PAST] = { "slurm_kube_slurm_call_errors_total", "call=\"past\"", NULL },
	[COUNT_SLURM_FAILED_OTHER] = { "slurm_kube_slurm_call_errors_total", "call=\"other\"",
				       NULL },
	[COUNT_RESULT_COLLECTED] = { "slurm_kube_results_total", "result=\"collected\"",
				     "Entries of spec.results, by what came of them." },
	[COUNT_RESULT_SKIPPED] = { "slurm_kube_results_total", "result=\"skipped\"", NULL },
	[COUNT_RESULT_FAILED] = { "slurm_kube_results_total", "result=\"failed\"", NULL },
	[COUNT_RESULT_BYTES] = { "slurm_kube_results_bytes_total", NULL,
				 "Bytes of the files that were collected." },
	[COUNT_RELOAD_DONE] = { "slurm_kube_reloads_total", "result=\"done\"",
				"Readings of the configuration because of SIGHUP." },
	[COUNT_RELOAD_FAILED] = { "slurm_kube_reloads_total", "result=\"failed\"", NULL },
};

/* Seconds; 0 ends. */
static const double quick[TIMES_BOUNDS_MAX + 1] = { 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,
						    0.2,   0.5,	  1,	 2.5,  5,    10,   30 };
static const double slow[TIMES_BOUNDS_MAX + 1] = { 1,	 10,	30,    60,    300,    900,
						   3600, 14400, 43200, 86400, 259200, 604800 };

static const struct {
	const char *family, *labels;
	const double *bounds;
	const char *help;
} times_rows[TIMES] = {
	[TIMES_MIRROR] = { "slurm_kube_mirror_seconds", NULL, quick,
			   "From a change in Slurm being seen until the API server has it." },
	[TIMES_EDIT] = { "slurm_kube_edit_seconds", NULL, quick,
			 "From an edit or a deletion being seen until Slurm has answered." },
	[TIMES_SLURM_QUEUE] = { "slurm_kube_slurm_call_seconds", "call=\"queue\"", quick,
				"Calls of slurmctld and slurmdbd." },
	[TIMES_SLURM_JOB] = { "slurm_kube_slurm_call_seconds", "call=\"job\"", quick, NULL },
	[TIMES_SLURM_PAST] = { "slurm_kube_slurm_call_seconds", "call=\"past\"", quick, NULL },
	[TIMES_SLURM_OTHER] = { "slurm_kube_slurm_call_seconds", "call=\"other\"", quick, NULL },
	[TIMES_JOB_WAIT] = { "slurm_kube_job_wait_seconds", NULL, slow,
			     "From a job being eligible until its start, noted at its start." },
	[TIMES_JOB_RUN] = { "slurm_kube_job_run_seconds", NULL, slow,
			    "From a job's start until its end, noted at its end." },
};

void metrics_time(struct metrics *m, enum metric_times which, double seconds)
{
	const double *bounds = times_rows[which].bounds;
	struct times *t = &m->times[which];
	size_t i = 0;

	if (seconds < 0)
		return;
	while (bounds[i] > 0 && seconds > bounds[i])
		i++;
	t->buckets[i]++;
	t->n++;
	t->sum += seconds;
}

/* -- text ----------------------------------------------------------------------------------- */

void metrics_text_family(struct buffer *to, const char *name, const char *type, const char *help)
{
	buffer_printf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_text_sample(struct buffer *to, const char *name, const char *labels, double value)
{
	buffer_printf(to, "%s%s%s%s %.17g\n", name, labels ? "{" : "", labels ? labels : "",
		      labels ? "}" : "", value);
}

const char *metrics_text_escape(char *buf, size_t size, const char *value)
{
	size_t used = 0;

	for (; *value && used + 3 < size; value++) {
		if (*value == '\\' || *value == '"' || *value == '\n')
			buf[used++] = '\\';
		buf[used++] = *value == '\n' ? 'n' : *value;
	}
	buf[used] = '\0';
	return buf;
}

void metrics_text_histogram(struct buffer *to, const char *name, const char *labels,
			    const double *bounds, size_t n_bounds, const uint64_t *buckets,
			    uint64_t n, double sum)
{
	const char *own = labels ? labels : "", *comma = labels ? "," : "";
	const char *open = labels ? "{" : "", *close = labels ? "}" : "";
	uint64_t below = 0;

	for (size_t i = 0; i < n_bounds; i++) {
		below += buckets[i];
		buffer_printf(to, "%s_bucket{%s%sle=\"%g\"} %" PRIu64 "\n", name, own, comma,
			      bounds[i], below);
	}
	buffer_printf(to, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, own, comma, n);
	buffer_printf(to, "%s_sum%s%s%s %.9g\n", name, open, own, close, sum);
	buffer_printf(to, "%s_count%s%s%s %" PRIu64 "\n", name, open, own, close, n);
}

static size_t count_bounds(const double *bounds)
{
	size_t n = 0;

	while (bounds[n] > 0)
		n++;
	return n;
}

void metrics_text(const struct metrics *m, struct buffer *to)
{
	for (size_t i = 0; i < COUNTERS; i++) {
		if (counter_rows[i].help)
			metrics_text_family(to, counter_rows[i].family, "counter",
					    counter_rows[i].help);
		metrics_text_sample(to, counter_rows[i].family, counter_rows[i].labels,
				    (double)m->counters[i]);
	}
	for (size_t i = 0; i < TIMES; i++) {
		if (times_rows[i].help)
			metrics_text_family(to, times_rows[i].family, "histogram",
					    times_rows[i].help);
		metrics_text_histogram(to, times_rows[i].family, times_rows[i].labels,
				       times_rows[i].bounds, count_bounds(times_rows[i].bounds),
				       m->times[i].buckets, m->times[i].n, m->times[i].sum);
	}
}
