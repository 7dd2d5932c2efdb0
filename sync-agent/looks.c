/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When to ask Slurm what: doorbells and polls, within a budget of slurmctld's time.
 *
 * A doorbell leads to a look at one job. Looks have a credit that fills by a tenth of the time that
 * passes; when it is used up, or doorbells come in crowds, one look at the whole queue answers for
 * all. The whole queue is looked at no oftener than 20 times its own last duration allows, and
 * rarer while nothing comes of it. */
#include <stdlib.h>

#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"

#define POLL_FACTOR 20
#define VAIN_MOST 8
#define BACKLOG 256          /* entries */
#define POLL_LEAST 100000    /* microseconds between polls of a small queue */
#define POLL_AT_REST 200000  /* ... in which nothing happens */
#define REST_AFTER 10000000
#define POLL_MOST 30000000
#define POLL_DOWN 1000000    /* slurmctld does not answer */
#define CREDIT_SHARE 10      /* a tenth of the time */
#define CREDIT_MOST 300000
#define LOOK_MOST 3000       /* what a look at one job costs slurmctld at most; the rest of its time was spent waiting */
#define CROWD 64             /* so many looks at once are dearer than the queue */

/* How often to look at a job: microseconds before each look. */
struct rhythm {
	unsigned n;
	int64_t steps[8];
};

static const struct rhythm once = { 1, { 0 } };
/* An end was announced: epilogs run, and the job is completing meanwhile. */
static const struct rhythm until_ended = { 7, { 0, 3000, 10000, 30000, 100000, 300000, 1000000 } };
/* A submission was announced, while slurmctld goes from its read lock to its write lock. */
static const struct rhythm until_there = { 8, { 500, 1000, 3000, 10000, 30000, 100000, 300000, 1000000 } };
/* Who cancelled it? slurmdbd learns that a moment after slurmctld. */
static const struct rhythm until_known = { 3, { 200000, 1000000, 5000000 } };

/* A job to be looked at in a rhythm, until the answer is the awaited one or the steps are used up. */
struct look {
	uint32_t id;
	UT_hash_handle hh;
	const struct rhythm *rhythm;
	int64_t due;
	unsigned step;
	bool asked;
	bool again; /* a doorbell rang while the question was under way */
};

static struct look *new_look(uint32_t id, const struct rhythm *rhythm)
{
	struct look *l = calloc(1, sizeof(*l));

	if (l) {
		l->id = id;
		l->rhythm = rhythm;
		l->due = clock_us() + rhythm->steps[0];
	}
	return l;
}

/* Go on to the next step. Returns false if there is none. */
static bool next_step(struct look *l)
{
	if (l->step + 1 >= l->rhythm->n)
		return false;
	l->due = clock_us() + l->rhythm->steps[++l->step];
	return true;
}

static void add_look(struct agent *a, uint32_t id, const struct rhythm *rhythm)
{
	struct look *l;

	HASH_FIND(hh, a->looks, &id, sizeof(id), l);
	if (!l) {
		l = new_look(id, rhythm);
		if (l)
			HASH_ADD(hh, a->looks, id, sizeof(id), l);
		return;
	}
	if (rhythm->n >= l->rhythm->n - l->step) {
		l->rhythm = rhythm;
		l->step = 0;
	}
	if (l->asked)
		l->again = true;
	else
		l->due = clock_us() + rhythm->steps[0];
}

static void remove_look(struct agent *a, struct look *l)
{
	HASH_DEL(a->looks, l);
	free(l);
}

void look_at(struct agent *a, uint32_t job_id)
{
	add_look(a, job_id, &once);
}

void look_until_ended(struct agent *a, uint32_t job_id)
{
	add_look(a, job_id, &until_ended);
}

void look_who(struct agent *a, uint32_t job_id)
{
	struct look *l = new_look(job_id, &until_known);

	if (l)
		HASH_ADD(hh, a->who_looks, id, sizeof(l->id), l);
}

static int64_t run_who(struct agent *a, int64_t now)
{
	int64_t next = INT64_MAX;
	struct look *l, *tmp;

	HASH_ITER(hh, a->who_looks, l, tmp) {
		struct entry *e = entry_find(&a->entries, l->id);

		if (l->due > now) {
			next = l->due < next ? l->due : next;
			continue;
		}
		if (e && !e->cancelled_by)
			slurm_thread_ask(a->past, ASK_PAST, l->id, false);
		if (e && !e->cancelled_by && next_step(l)) {
			next = l->due < next ? l->due : next;
			continue;
		}
		HASH_DEL(a->who_looks, l);
		free(l);
	}
	return next;
}

void look_doorbell(struct agent *a, const struct doorbell *bell)
{
	a->vain_looks = 0;
	if (a->poll_next > a->poll_not_before)
		a->poll_next = a->poll_not_before;
	a->busy_at = clock_us();
	if ((bell->kind == DOORBELL_STEP_START || bell->kind == DOORBELL_STEP_END) &&
	    bell->job_id && bell->step_id != DOORBELL_NO_STEP)
		details_bell(a, bell);
	switch (bell->kind) {
	case DOORBELL_SUBMIT:
		/* It names no job: that id does not exist yet. The next one is tried. */
		if (a->submits++ == 0 && a->highest_id)
			add_look(a, a->highest_id + 1, &until_there);
		if (!a->highest_id)
			a->poll_next = 0;
		break;
	case DOORBELL_JOB_END:
		if (bell->job_id)
			look_until_ended(a, bell->job_id);
		break;
	case DOORBELL_LOOK:
		a->poll_next = 0; /* look_run() keeps the spacing */
		break;
	default:
		if (bell->job_id)
			look_at(a, bell->job_id);
	}
}

/* The job of a submission was found: the next one, if more were announced. */
static void submit_found(struct agent *a)
{
	if (a->submits && --a->submits)
		add_look(a, a->highest_id + 1, &until_there);
}

void look_answered(struct agent *a, const struct slurm_result *r, bool ended)
{
	struct look *l;

	/* On a busy machine most of it is waiting for a processor or a lock. */
	a->look_credit -= r->spent_us < LOOK_MOST ? r->spent_us : LOOK_MOST;
	HASH_FIND(hh, a->looks, &r->job_id, sizeof(r->job_id), l);
	if (!l || !l->asked)
		return;
	l->asked = false;
	if (l->again) {
		l->again = false;
		l->due = clock_us() + l->rhythm->steps[0];
	} else if (l->rhythm == &until_there) {
		bool found = !r->gone && !r->failed, given_up = !found && !next_step(l);

		if (given_up)
			a->submits = 0; /* refused, or under another id: the poll finds it */
		if (given_up || found)
			remove_look(a, l);
		if (found)
			submit_found(a);
	} else if (ended || !next_step(l)) {
		remove_look(a, l);
	}
}

/* How long a look at the queue takes slurmctld. One in which libslurm tried for seconds to connect says nothing
 * of that: what grows by more than this from one look to the next is believed by and by. */
static int64_t poll_cost(struct agent *a, int64_t spent_us)
{
	int64_t most = 4 * a->poll_cost + 50000;

	if (a->poll_cost && spent_us > most)
		spent_us = most;
	a->poll_cost = spent_us > 0 ? spent_us : 1;
	return a->poll_cost;
}

/* A queue in which the scheduler is at work is told anew at each look, though nothing in it has changed. After
 * several looks in vain the next is wished for up to five times as late, until something changes or rings; and
 * while much waits to be written, since what it brought would wait, too. */
static int64_t poll_wish(struct agent *a, const struct slurm_result *r, int64_t pause)
{
	if (a->queued[QUEUE_READY] > BACKLOG)
		a->vain_looks = VAIN_MOST;
	else if (!r->unchanged)
		a->vain_looks = r->n_groups ? 0 : a->vain_looks < VAIN_MOST ? a->vain_looks + 1 : VAIN_MOST;
	return pause + pause * a->vain_looks / 2;
}

static int64_t between(int64_t least, int64_t value, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

void look_polled(struct agent *a, const struct slurm_result *r)
{
	int64_t pause = r->failed ? 0 : poll_cost(a, r->spent_us) * POLL_FACTOR, least, now = clock_us();
	struct look *l, *tmp;

	a->polling = false;
	if (r->failed)
		a->poll_whole = true;
	if (r->n_groups)
		a->busy_at = now;
	least = now - a->busy_at < REST_AFTER ? POLL_LEAST : POLL_AT_REST;
	a->poll_not_before = now + (r->failed ? POLL_DOWN : between(least, pause, POLL_MOST));
	a->poll_next = a->poll_not_before;
	if (r->failed)
		return;
	a->poll_next = now + between(least, poll_wish(a, r, pause), POLL_MOST);
	a->submits = 0;
	/* What was due before has been answered along with the rest. */
	HASH_ITER(hh, a->looks, l, tmp) {
		if (!l->asked && l->due <= r->asked_us && !next_step(l))
			remove_look(a, l);
	}
}

static void fill_credit(struct agent *a, int64_t now)
{
	a->look_credit += (now - a->look_credit_at) / CREDIT_SHARE;
	a->look_credit_at = now;
	if (a->look_credit > CREDIT_MOST)
		a->look_credit = CREDIT_MOST;
}

static int64_t run_poll(struct agent *a, int64_t now)
{
	int64_t due = a->poll_next > a->poll_not_before ? a->poll_next : a->poll_not_before;

	if (a->polling)
		return INT64_MAX;
	if (now < due)
		return due;
	a->polling = true;
	slurm_thread_ask(a->slurm, ASK_QUEUE, 0, a->poll_whole);
	a->poll_whole = false;
	return INT64_MAX;
}

int64_t look_run(struct agent *a)
{
	int64_t now = clock_us(), next, who;
	bool crowd = HASH_COUNT(a->looks) > CROWD;
	struct look *l, *tmp;

	if (!a->listed)
		return INT64_MAX;
	fill_credit(a, now);
	if (crowd || a->look_credit < 0)
		a->poll_next = 0;
	next = run_poll(a, now);
	who = run_who(a, now);
	next = who < next ? who : next;
	if (crowd)
		return next;
	if (a->look_credit < 0)
		return now + (-a->look_credit + 1000) * CREDIT_SHARE < next ?
			       now + (-a->look_credit + 1000) * CREDIT_SHARE :
			       next;
	HASH_ITER(hh, a->looks, l, tmp) {
		if (l->asked)
			continue;
		if (l->due > now) {
			next = l->due < next ? l->due : next;
			continue;
		}
		l->asked = true;
		slurm_thread_ask(a->slurm, ASK_JOB, l->id, false);
	}
	return next;
}

void looks_free(struct agent *a)
{
	struct look *l, *tmp;

	HASH_ITER(hh, a->looks, l, tmp)
		remove_look(a, l);
	HASH_ITER(hh, a->who_looks, l, tmp) {
		HASH_DEL(a->who_looks, l);
		free(l);
	}
}
