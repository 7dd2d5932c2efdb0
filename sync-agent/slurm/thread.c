/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/slurm/thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "common/cleanup.h"
#include "sync-agent/clock.h"
#include "sync-agent/slurm/accounting.h"
#include "sync-agent/slurm/ask.h"

#define PAST_AT_ONCE 64 /* jobs in one question to slurmdbd */

/* Who answers which questions: one job is known in a millisecond or two, and whoever waits for that need
 * not wait until a long queue is there. */
enum worker_kind { WORKER_LONG, WORKER_QUICK, WORKERS };

struct worker {
	struct slurm_thread *t;
	enum worker_kind kind;
	pthread_t thread;
	pthread_cond_t wake;
};

struct slurm_thread {
	struct worker workers[WORKERS];
	unsigned n_workers; /* that run */
	pthread_mutex_t lock;
	bool stop;
	unsigned busy; /* questions that are being answered */
	struct question *questions, **last_question;
	struct slurm_result *results, **last_result;
	int fd;
	struct slurm_memory memory; /* the workers' own */
};

/* -- the threads ---------------------------------------------------------------------------- */

static enum worker_kind worker_for(const struct question *q)
{
	return q->ask == ASK_JOB ? WORKER_QUICK : WORKER_LONG;
}

/* Take the first of a worker's questions out of the line; NULL if there is none. */
static struct question *take_question(struct slurm_thread *t, enum worker_kind kind)
{
	for (struct question **at = &t->questions; *at; at = &(*at)->next) {
		struct question *q = *at;

		if (worker_for(q) != kind)
			continue;
		*at = q->next;
		if (!*at)
			t->last_question = at;
		return q;
	}
	return NULL;
}

/* NULL: it is to end. */
static struct question *wait_for_question(struct worker *w)
{
	struct slurm_thread *t = w->t;
	struct question *q = NULL;

	pthread_mutex_lock(&t->lock);
	while (!t->stop && !(q = take_question(t, w->kind)))
		pthread_cond_wait(&w->wake, &t->lock);
	t->busy += q != NULL;
	pthread_mutex_unlock(&t->lock);
	return q;
}

static void question_answered(struct slurm_thread *t)
{
	pthread_mutex_lock(&t->lock);
	t->busy--;
	pthread_mutex_unlock(&t->lock);
}

/* Take the ids of more questions about past jobs out of the line. Returns their number. */
static size_t take_past(struct slurm_thread *t, uint32_t *ids, size_t most)
{
	size_t n = 0;

	pthread_mutex_lock(&t->lock);
	for (struct question **at = &t->questions; *at;) {
		struct question *q = *at;

		if (q->ask != ASK_PAST || n == most) {
			at = &q->next;
			continue;
		}
		ids[n++] = q->job_id;
		*at = q->next;
		if (!*at)
			t->last_question = at;
		free(q);
	}
	pthread_mutex_unlock(&t->lock);
	return n;
}

static void hand_over(struct slurm_thread *t, struct slurm_result *r)
{
	uint64_t one = 1;

	pthread_mutex_lock(&t->lock);
	*t->last_result = r;
	t->last_result = &r->next;
	pthread_mutex_unlock(&t->lock);
	if (write(t->fd, &one, sizeof(one)) < 0)
		return; /* the counter is full: it is readable anyway */
}

static struct slurm_result *new_result(enum slurm_ask ask, uint32_t id)
{
	struct slurm_result *r = calloc(1, sizeof(*r));

	if (r) {
		r->ask = ask;
		r->job_id = id;
		r->asked_us = clock_us();
	}
	return r;
}

/* Hand over what is known of one of the jobs that were asked for together. */
static void answer_past(struct slurm_thread *t, uint32_t id, struct job_groups *groups,
			const struct error *err)
{
	struct slurm_result *r = new_result(ASK_PAST, id);

	if (!r)
		return;
	r->failed = !groups;
	r->err = *err;
	r->groups = calloc(1, sizeof(*r->groups));
	for (size_t i = 0; r->groups && groups && i < groups->n; i++) {
		if (groups->list[i] && groups->list[i]->key == id)
			r->groups[r->n_groups++] = TAKE_PTR(groups->list[i]);
		if (r->n_groups)
			break;
	}
	r->gone = groups && !r->n_groups;
	hand_over(t, r);
}

/* One question to slurmdbd for all past jobs that are waited for. */
static void ask_past(struct slurm_thread *t, uint32_t first)
{
	_cleanup_(job_groups_free) struct job_groups groups = { 0 };
	uint32_t ids[PAST_AT_ONCE] = { first };
	size_t n = 1 + take_past(t, ids + 1, PAST_AT_ONCE - 1);
	struct error err = { 0 };
	int rc = accounting_load_jobs(ids, n, &groups, &err);

	for (size_t i = 0; i < n; i++)
		answer_past(t, ids[i], rc < 0 ? NULL : &groups, &err);
}

static void answer(struct slurm_thread *t, const struct question *q)
{
	struct slurm_result *r;

	if (q->ask == ASK_PAST) {
		ask_past(t, q->job_id);
		return;
	}
	r = new_result(q->ask, q->job_id);
	if (!r)
		return;
	slurm_answer(&t->memory, q, r);
	r->spent_us = clock_us() - r->asked_us;
	hand_over(t, r);
}

static void *run(void *arg)
{
	struct worker *w = arg;
	struct question *q;

	while ((q = wait_for_question(w))) {
		answer(w->t, q);
		question_answered(w->t);
		free(q);
	}
	return NULL;
}

static int start_workers(struct slurm_thread *t)
{
	sigset_t all, before;
	int rc = 0;

	/* Signals are the loop's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (int i = 0; i < WORKERS && !rc; i++) {
		struct worker *w = &t->workers[i];

		*w = (struct worker){ .t = t, .kind = i };
		pthread_cond_init(&w->wake, NULL);
		rc = pthread_create(&w->thread, NULL, run, w);
		t->n_workers += !rc;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

/* -- the loop's side ------------------------------------------------------------------------ */

struct slurm_thread *slurm_thread_start(struct error *err)
{
	struct slurm_thread *t = calloc(1, sizeof(*t));
	int rc;

	if (!t) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	t->last_question = &t->questions;
	t->last_result = &t->results;
	pthread_mutex_init(&t->lock, NULL);
	slurm_memory_init(&t->memory);
	t->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->fd < 0) {
		error_errno(err, "eventfd");
		free(t);
		return NULL;
	}
	rc = start_workers(t);
	if (rc) {
		error_set(err, rc, "pthread_create: %s", strerror(rc));
		slurm_thread_stop(t);
		return NULL;
	}
	return t;
}

int slurm_thread_fd(const struct slurm_thread *t)
{
	return t->fd;
}

static void put(struct slurm_thread *t, const struct question *wanted)
{
	struct question *q;

	pthread_mutex_lock(&t->lock);
	for (q = t->questions; q; q = q->next)
		if (q->ask == wanted->ask && q->job_id == wanted->job_id &&
		    q->from == wanted->from && q->to == wanted->to &&
		    !strcmp(q->uid, wanted->uid))
			break;
	if (q) {
		q->force |= wanted->force;
	} else if ((q = malloc(sizeof(*q)))) {
		*q = *wanted;
		*t->last_question = q;
		t->last_question = &q->next;
		pthread_cond_signal(&t->workers[worker_for(q)].wake);
	}
	pthread_mutex_unlock(&t->lock);
}

void slurm_thread_ask(struct slurm_thread *t, enum slurm_ask ask, uint32_t job_id, bool force)
{
	put(t, &(struct question){ .ask = ask, .job_id = job_id, .force = force });
}

void slurm_thread_ask_ended(struct slurm_thread *t, time_t from, time_t to)
{
	put(t, &(struct question){ .ask = ASK_ENDED, .from = from, .to = to });
}

void slurm_thread_ask_stamp(struct slurm_thread *t, const char *uid, const char *user, time_t since)
{
	struct question q = { .ask = ASK_STAMP, .since = since };

	snprintf(q.uid, sizeof(q.uid), "%s", uid);
	snprintf(q.user, sizeof(q.user), "%s", user);
	put(t, &q);
}

bool slurm_thread_idle(struct slurm_thread *t)
{
	bool idle;

	pthread_mutex_lock(&t->lock);
	idle = !t->questions && !t->busy && !t->results;
	pthread_mutex_unlock(&t->lock);
	return idle;
}

struct slurm_result *slurm_thread_next(struct slurm_thread *t)
{
	struct slurm_result *r;
	uint64_t count;

	pthread_mutex_lock(&t->lock);
	r = t->results;
	if (r) {
		t->results = r->next;
		if (!t->results)
			t->last_result = &t->results;
		r->next = NULL;
	} else if (read(t->fd, &count, sizeof(count)) < 0) {
		/* nothing to drain */
	}
	pthread_mutex_unlock(&t->lock);
	return r;
}

void slurm_result_free(struct slurm_result *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_groups; i++)
		job_group_free(r->groups[i]);
	free(r->groups);
	free(r->ids);
	free(r->cluster);
	tally_free(&r->job_states);
	partition_list_free(r->partitions);
	step_list_free(&r->steps);
	free(r);
}

void slurm_thread_stop(struct slurm_thread *t)
{
	struct slurm_result *r;
	struct question *q;

	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	t->stop = true;
	for (unsigned i = 0; i < t->n_workers; i++)
		pthread_cond_signal(&t->workers[i].wake);
	pthread_mutex_unlock(&t->lock);
	for (unsigned i = 0; i < t->n_workers; i++) {
		pthread_join(t->workers[i].thread, NULL);
		pthread_cond_destroy(&t->workers[i].wake);
	}
	while ((r = slurm_thread_next(t)))
		slurm_result_free(r);
	while ((q = t->questions)) {
		t->questions = q->next;
		free(q);
	}
	slurm_memory_free(&t->memory);
	close(t->fd);
	pthread_mutex_destroy(&t->lock);
	free(t);
}
