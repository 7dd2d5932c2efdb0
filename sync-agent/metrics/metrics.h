/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is counted and measured, and Prometheus' text of it. Pure. All names: doc/metrics.md.
 * Source: Prometheus, "Exposition formats", text format 0.0.4. */
#ifndef AGENT_METRICS_H
#define AGENT_METRICS_H

#include <stdint.h>

#include "common/buffer.h"

enum metric_counter {
	COUNT_WRITE_CREATE,
	COUNT_WRITE_SPEC,
	COUNT_WRITE_STATUS,
	COUNT_WRITE_LABEL,
	COUNT_WRITE_FINALIZER,
	COUNT_WRITE_NAMESPACE,
	COUNT_WRITE_DELETE,
	COUNT_WRITE_EVENT,
	COUNT_WRITE_POD,
	COUNT_WRITE_NODE,
	COUNT_WRITE_OTHER,
	COUNT_READ,
	COUNT_EDIT_APPLIED,
	COUNT_EDIT_REFUSED,
	COUNT_EDIT_LOST,
	COUNT_CANCEL_APPLIED,
	COUNT_CANCEL_REFUSED,
	COUNT_CANCEL_LOST,
	COUNT_SUBMIT_APPLIED,
	COUNT_SUBMIT_REFUSED,
	COUNT_SUBMIT_LOST,
	COUNT_SLURM_FAILED_QUEUE,
	COUNT_SLURM_FAILED_JOB,
	COUNT_SLURM_FAILED_PAST,
	COUNT_SLURM_FAILED_OTHER,
	COUNT_RESULT_COLLECTED,
	COUNT_RESULT_SKIPPED,
	COUNT_RESULT_FAILED,
	COUNT_RESULT_BYTES,
	COUNT_RELOAD_DONE,
	COUNT_RELOAD_FAILED,
	COUNTERS,
};

enum metric_times {
	TIMES_MIRROR,	   /* a change in Slurm is seen -> the API server has it */
	TIMES_EDIT,	   /* an edit is seen -> Slurm has answered */
	TIMES_SLURM_QUEUE, /* calls of slurmctld and slurmdbd */
	TIMES_SLURM_JOB,
	TIMES_SLURM_PAST,
	TIMES_SLURM_OTHER,
	TIMES_JOB_WAIT, /* eligible -> start */
	TIMES_JOB_RUN,	/* start -> end */
	TIMES,
};

#define TIMES_BOUNDS_MAX 16

struct times {
	uint64_t
		buckets[TIMES_BOUNDS_MAX + 1]; /* not cumulative; the last one is without a bound */
	uint64_t n;
	double sum; /* seconds */
};

struct metrics {
	uint64_t counters[COUNTERS];
	struct times times[TIMES];
};

static inline void metrics_count(struct metrics *m, enum metric_counter which)
{
	m->counters[which]++;
}

/* A time below 0 is not known and not noted. */
void metrics_time(struct metrics *m, enum metric_times which, double seconds);

/* Write all counters and times. */
void metrics_text(const struct metrics *m, struct buffer *to);

/* For whoever writes families of their own: the two comment lines, then a line per sample. labels
 * is NULL or as it is between the braces. */
void metrics_text_family(struct buffer *to, const char *name, const char *type, const char *help);
void metrics_text_sample(struct buffer *to, const char *name, const char *labels, double value);

/* A histogram's lines. bounds: seconds, n_bounds of them; buckets: one per bound, not cumulative.
 */
void metrics_text_histogram(struct buffer *to, const char *name, const char *labels,
			    const double *bounds, size_t n_bounds, const uint64_t *buckets,
			    uint64_t n, double sum);

/* A label's value with its backslashes, quotes and line ends escaped, cut to size. */
const char *metrics_text_escape(char *buf, size_t size, const char *value);

#endif
