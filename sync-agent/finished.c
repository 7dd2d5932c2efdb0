/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects of jobs that have ended: their usage is asked for, and one day they go, by
 * spec.ttlSecondsAfterFinished or finished.ttl, or earlier where there are more than finished.most.
 *
 * Nothing is cancelled by that: our finalizer comes off first, then the object is deleted, so that
 * no deletion is to be seen that could be taken for a user's. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cleanup.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"

#define SECOND INT64_C(1000000)
#define USAGE_WITHIN 3600             /* seconds after the end; what slurmdbd hasn't by then it never has */
#define SHRINK_EVERY (30 * SECOND)    /* a look at all entries */

static int64_t ttl_of(const struct agent *a, const struct entry *e)
{
	return e->ttl >= 0 ? e->ttl : a->config.finished_ttl ? a->config.finished_ttl : INT64_MAX;
}

/* Seconds from now until its object is to go; INT64_MAX: never. An object without an end (it was
 * lost) counts from when this agent has seen it. */
static int64_t seconds_left(const struct agent *a, const struct entry *e)
{
	int64_t ttl = ttl_of(a, e), end = e->end ? e->end : time(NULL);

	return ttl == INT64_MAX ? ttl : end + ttl - time(NULL);
}

void finished_uncount(struct agent *a, struct entry *e)
{
	a->n_finished -= e->finished;
	e->finished = false;
}

void finished_note(struct agent *a, struct entry *e)
{
	int64_t left;

	if (!e->exists || !e->ended || e->deleting) {
		finished_uncount(a, e);
		lane_unset(&a->lane, e, LANE_EXPIRE);
		if (e->exists && !e->ended) {
			/* Also one that was requeued. */
			e->usage_done = false;
			e->usage_tries = 0;
		}
		return;
	}
	a->n_finished += !e->finished;
	e->finished = true;
	left = seconds_left(a, e);
	if (left == INT64_MAX)
		lane_unset(&a->lane, e, LANE_EXPIRE);
	else if (!e->lane.due[LANE_EXPIRE] || e->end)
		lane_set(&a->lane, e, LANE_EXPIRE, clock_us() + (left > 0 ? left : 0) * SECOND);
	if (!e->usage_tries && e->end && time(NULL) - e->end < USAGE_WITHIN)
		details_want_usage(a, e);
	else if (!e->usage_tries)
		e->usage_done = true;
	entry_rest_details(e);
}

void finished_expire(struct agent *a, struct entry *e)
{
	if (!e->exists || !e->ended || e->deleting || e->wanted || e->acting) {
		finished_note(a, e); /* it is being dealt with: later */
		return;
	}
	if (results_hold(a, e)) {
		lane_set(&a->lane, e, LANE_EXPIRE, clock_us() + SECOND);
		return;
	}
	/* The clock may have been set since. */
	if (e->finished && a->n_finished <= a->shrink_to && seconds_left(a, e) > 0) {
		finished_note(a, e);
		return;
	}
	log_debug("job %u: its object goes, the job has ended long enough ago", e->id);
	tomb_add(a, e->id, (uint64_t)e->submit);
	e->expired = true;
	sync_enqueue(a, e);
}

/* -- no more than finished.most ------------------------------------------------------------- */

static int by_end(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;

	return x->end < y->end ? -1 : x->end > y->end;
}

/* Those above the number: the oldest first. */
static void shrink(struct agent *a, size_t most)
{
	_cleanup_free_ struct entry **all = calloc(a->n_finished + 1, sizeof(*all));
	struct entry *e, *tmp;
	size_t n = 0;

	if (!all)
		return;
	HASH_ITER(by_name, a->entries.by_name, e, tmp)
		if (e->finished && n < a->n_finished)
			all[n++] = e;
	qsort(all, n, sizeof(*all), by_end);
	for (size_t i = 0; i + most < n; i++)
		if (!all[i]->expired)
			lane_set(&a->lane, all[i], LANE_EXPIRE, clock_us());
}

int64_t finished_run(struct agent *a)
{
	size_t most = (size_t)a->config.finished_most;
	int64_t now = clock_us();

	a->shrink_to = most ? most : SIZE_MAX;
	if (!a->listed || a->n_finished <= a->shrink_to)
		return INT64_MAX;
	if (now < a->shrink_next)
		return a->shrink_next;
	a->shrink_next = now + SHRINK_EVERY;
	shrink(a, most);
	return a->shrink_next;
}
