/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs that came and went unseen: slurmdbd is asked for what ended while nobody looked, at the start
 * and whenever two looks at the queue were further apart than slurmctld remembers (MinJobAge).
 *
 * The mark is the time until which all has been seen to: it is kept in STATE/seen-CLUSTER, so that a
 * restart asks for no more, and what was deleted before it does not come back. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/buffer.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/filter.h"
#include "sync-agent/log.h"

#define SECOND INT64_C(1000000)
#define MARK_MARGIN 60             /* seconds that the mark stays behind */
#define MARK_EVERY (60 * SECOND)   /* between two writes of it */
#define PORTION_FIRST 600          /* seconds of history in the first question */
#define PORTION_LEAST 10
#define PORTION_MOST 86400
#define JOBS_FEW 200               /* the next question may be about twice the time */
#define JOBS_MANY 2000             /* ... about half of it */
#define BACKLOG 2000               /* entries to be written before the next question */
#define PAUSE (10 * SECOND)        /* after a failure, and between two questions for gaps */

/* -- the mark ------------------------------------------------------------------------------- */

static char *mark_path(const struct agent *a)
{
	char *path = NULL;

	return asprintf(&path, "%s/seen-%s", a->config.state_folder, a->cluster) < 0 ? NULL : path;
}

static time_t mark_load(const struct agent *a)
{
	_cleanup_free_ char *path = mark_path(a), *text = NULL;
	int64_t mark;

	if (!path || buffer_read_file(path, 64, &text, NULL, NULL) < 0)
		return 0;
	return sscanf(text, "%" SCNd64, &mark) == 1 && mark > 0 ? (time_t)mark : 0;
}

static void mark_save(const struct agent *a)
{
	_cleanup_free_ char *path = mark_path(a), *temporary = NULL;
	_cleanup_fclose_ FILE *f = NULL;

	if (a->dry_run || !path || asprintf(&temporary, "%s.new", path) < 0)
		return;
	f = fopen(temporary, "we");
	if (!f)
		return; /* an older mark asks for more than is needed, nothing else */
	fprintf(f, "%" PRId64 "\n", (int64_t)a->mark);
	if (fflush(f) || ferror(f) || rename(temporary, path) < 0)
		unlink(temporary);
}

/* All that is known has been written: what ended before the last look is seen to. */
static void advance_mark(struct agent *a, int64_t now)
{
	if (!a->looked || a->history.from || a->slurm_down || a->queued[QUEUE_READY] ||
	    a->queued[QUEUE_DELAYED] || a->n_in_flight)
		return;
	if (a->looked - MARK_MARGIN > a->mark)
		a->mark = a->looked - MARK_MARGIN;
	if (now < a->history.save_next)
		return;
	a->history.save_next = now + MARK_EVERY;
	mark_save(a);
}

/* -- when to ask ---------------------------------------------------------------------------- */

static void want(struct agent *a, time_t from)
{
	time_t oldest = time(NULL) - (time_t)a->config.history;

	if (!a->accounting || !a->config.history)
		return;
	if (from < oldest)
		from = oldest;
	if (!a->history.from || from < a->history.from) {
		a->history.from = a->history.next = from;
		a->history.portion = PORTION_FIRST;
	}
}

void history_start(struct agent *a)
{
	a->mark = mark_load(a);
	want(a, a->mark ? a->mark : 1);
}

void history_looked(struct agent *a, const struct slurm_result *r)
{
	time_t when = time(NULL) - (time_t)((clock_us() - r->asked_us) / SECOND);
	time_t longest = a->min_job_age > 1 ? a->min_job_age - 1 : 1;

	if (a->looked && when - a->looked > longest)
		want(a, a->looked - MARK_MARGIN);
	a->looked = when;
}

int64_t history_run(struct agent *a)
{
	int64_t now = clock_us();
	time_t to;

	advance_mark(a, now);
	/* What slurmctld still knows, it knows better. */
	if (!a->history.from || a->history.asked || !a->looked)
		return INT64_MAX;
	if (now < a->history.not_before)
		return a->history.not_before;
	if (a->queued[QUEUE_READY] + a->queued[QUEUE_DELAYED] > BACKLOG)
		return now + SECOND;
	to = a->history.next + a->history.portion;
	a->history.asked = true;
	slurm_thread_ask_ended(a->past, a->history.next, to < time(NULL) ? to : time(NULL));
	return INT64_MAX;
}

/* -- answers -------------------------------------------------------------------------------- */

/* A job that has no object and never had one. */
static bool is_news(struct agent *a, const struct job_group *group)
{
	const struct job *lead = group->jobs[0];

	return !entry_find(&a->entries, group->key) && !tomb_is(a, group->key, lead->submit) &&
	       filter_takes(&a->config, lead);
}

/* Takes the group over. Parts of an array or a heterogeneous job don't tell of the whole. */
static void take(struct agent *a, struct job_group **group)
{
	const struct job *lead = (*group)->jobs[0];
	struct entry *e;

	if (job_may_be_told_more(lead, time(NULL)))
		a->history.again = true;
	if (job_is_partial(lead))
		return;
	if (!is_news(a, *group) || submit_claims(a, *group))
		return;
	e = inbound_entry(a, *group);
	if (!e)
		return;
	e->gone = true;
	if (lead->array_id || lead->het_id) {
		e->past_asked = true;
		slurm_thread_ask(a->past, ASK_PAST, e->id, false);
		return;
	}
	details_group(a, e, *group);
	e->wanted = TAKE_PTR(*group);
	sync_enqueue(a, e);
}

static void next_portion(struct agent *a, const struct slurm_result *r)
{
	if (r->n_groups > JOBS_MANY && a->history.portion > PORTION_LEAST)
		a->history.portion /= 2;
	else if (r->n_groups < JOBS_FEW && a->history.portion < PORTION_MOST)
		a->history.portion *= 2;
	a->history.next = r->to;
	if (r->to < time(NULL) - 1)
		return;
	/* slurmctld sends slurmdbd what it kept meanwhile a moment after that is back. */
	if (a->history.again) {
		a->history.again = false;
		a->history.next = a->history.from;
	} else {
		a->history.from = 0;
		log_debug("history: slurmdbd told of all jobs");
	}
	a->history.not_before = clock_us() + PAUSE;
}

void history_take(struct agent *a, struct slurm_result *r)
{
	a->history.asked = false;
	if (r->failed) {
		if (!a->history.again)
			log_warning("%s; jobs that ended unseen appear when it answers", r->err.text);
		a->history.again = true;
		a->history.not_before = clock_us() + PAUSE;
		return;
	}
	for (size_t i = 0; i < r->n_groups; i++)
		take(a, &r->groups[i]);
	/* One that was wished for meanwhile begins earlier. */
	if (r->from == a->history.next)
		next_portion(a, r);
}

void history_stop(struct agent *a)
{
	if (a->mark)
		mark_save(a);
}
