/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/metrics/note.h"

#include "sync-agent/clock.h"

static double since(int64_t then)
{
	return (double)(clock_us() - then) / 1e6;
}

void note_answer(struct metrics *m, struct notes *n)
{
	if (n->edited_at)
		metrics_time(m, TIMES_EDIT, since(n->edited_at));
	n->edited_at = 0;
}

/* Each start and end once; those from before the agent was started are not measured. */
static void note_job(struct metrics *m, struct notes *n, const struct view *v)
{
	bool ended = v->phase == PHASE_COMPLETED || v->phase == PHASE_FAILED;
	bool started = v->start && v->phase != PHASE_PENDING;
	uint64_t eligible = v->lead->eligible;

	if (n->told && started && v->start != n->start && eligible)
		metrics_time(m, TIMES_JOB_WAIT, (double)v->start - (double)eligible);
	if (n->told && started && ended && !n->ended && v->end)
		metrics_time(m, TIMES_JOB_RUN, (double)v->end - (double)v->start);
	n->start = started ? v->start : 0;
	n->ended = ended;
}

void note_in_sync(struct metrics *m, struct notes *n, const struct view *v)
{
	if (n->told && n->changed_at)
		metrics_time(m, TIMES_MIRROR, since(n->changed_at));
	note_job(m, n, v);
	n->changed_at = n->edited_at = 0;
	n->told = false;
}
