/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/slurm/thread.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "common/cleanup.h"
#include "sync-agent/clock.h"
#include "sync-agent/slurm/accounting.h"
#include "sync-agent/slurm/load.h"
#include "sync-agent/slurm/partitions.h"
#include "sync-agent/slurm/load_steps.h"
#include "sync-agent/slurm/seen.h"

#define TRIM_FROM 1000 /* jobs */
#define PAST_AT_ONCE 64 /* jobs in one question to slurmdbd */

struct question {
	struct question *next;
	enum slurm_ask ask;
	uint32_t job_id;
	bool force;
	time_t from, to;
	char uid[37], user[65]; /* ASK_STAMP */
	time_t since;
};

struct slurm_thread {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
	bool busy; /* a question is being answered */
	struct question *questions, **last_question;
	struct slurm_result *results, **last_result;
	int fd;

	/* The thread's own from here on. */
	struct seen seen;
	time_t last_update, last_steps_update;
	struct partitions partitions;
};

/* -- grouping ------------------------------------------------------------------------------- */

/* Records in the order of their groups; the group's own record first. */
static int by_key(const void *a, const void *b)
{
	const slurm_job_info_t *x = *(slurm_job_info_t *const *)a;
	const slurm_job_info_t *y = *(slurm_job_info_t *const *)b;
	uint32_t kx = job_info_key(x), ky = job_info_key(y);

	if (kx != ky)
		return kx < ky ? -1 : 1;
	if ((x->job_id == kx) != (y->job_id == ky))
		return x->job_id == kx ? -1 : 1;
	return x->job_id < y->job_id ? -1 : x->job_id > y->job_id;
}

static struct job_group *copy_group(slurm_job_info_t **records, size_t n)
{
	struct job_group *group = calloc(1, sizeof(*group) + n * sizeof(group->jobs[0]));

	if (!group)
		return NULL;
	group->key = job_info_key(records[0]);
	for (size_t i = 0; i < n; i++) {
		struct job *job = job_from_info(records[i]);

		if (!job) {
			job_group_free(group);
			return NULL;
		}
		group->jobs[group->n++] = job;
	}
	return group;
}

/* Note a group's fingerprint; true if it is another than before. */
static bool note_group(struct slurm_thread *t, slurm_job_info_t **records, size_t n)
{
	uint64_t fingerprint = n;

	for (size_t i = 0; i < n; i++)
		fingerprint = fingerprint * 31 + job_info_fingerprint(records[i]);
	return seen_note(&t->seen, job_info_key(records[0]), fingerprint);
}

/* Put the groups of msg that have changed (or all, if forced) into r; with ids, all keys as well. */
static int take_groups(struct slurm_thread *t, job_info_msg_t *msg, bool force, bool ids,
		       struct slurm_result *r)
{
	size_t n = msg->record_count;
	_cleanup_free_ slurm_job_info_t **sorted = calloc(n + 1, sizeof(*sorted));

	r->groups = calloc(n + 1, sizeof(*r->groups));
	if (ids)
		r->ids = calloc(n + 1, sizeof(*r->ids));
	if (!sorted || !r->groups || (ids && !r->ids))
		return -1;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &msg->job_array[i];
	qsort(sorted, n, sizeof(*sorted), by_key);
	for (size_t i = 0, next; i < n; i = next) {
		uint32_t key = job_info_key(sorted[i]);

		for (next = i + 1; next < n && job_info_key(sorted[next]) == key; next++)
			;
		if (ids)
			r->ids[r->n_ids++] = key;
		if (note_group(t, sorted + i, next - i) || force) {
			struct job_group *group = copy_group(sorted + i, next - i);

			if (!group)
				return -1;
			r->groups[r->n_groups++] = group;
		}
	}
	return 0;
}

/* -- questions ------------------------------------------------------------------------------ */

static void fail_slurm(struct slurm_result *r, const char *what)
{
	r->failed = true;
	error_set(&r->err, errno, "%s: %s", what, slurm_strerror(errno));
}

static void fail_memory(struct slurm_result *r)
{
	r->failed = true;
	error_set(&r->err, ENOMEM, "out of memory");
}

static void ask_queue(struct slurm_thread *t, const struct question *q, struct slurm_result *r)
{
	job_info_msg_t *msg = NULL;

	if (q->force)
		t->last_update = 0;
	if (slurm_load_jobs(t->last_update, &msg, SHOW_ALL | SHOW_DETAIL) != 0) {
		if (errno == SLURM_NO_CHANGE_IN_DATA)
			r->unchanged = true;
		else
			fail_slurm(r, "asking slurmctld for its jobs");
		return;
	}
	jobs_count(msg, &r->job_states);
	r->whole = q->force;
	if (take_groups(t, msg, q->force, true, r) < 0) {
		fail_memory(r);
		t->last_update = 0;
	} else {
		t->last_update = msg->last_update;
		seen_keep(&t->seen, r->ids, r->n_ids);
	}
	slurm_free_job_info_msg(msg);
	/* A long queue's records came and went: give their memory back. */
	if (r->n_ids > TRIM_FROM)
		malloc_trim(0);
}

static void ask_job(struct slurm_thread *t, const struct question *q, struct slurm_result *r)
{
	job_info_msg_t *msg = NULL;
	uint32_t id = q->job_id;

	/* A task's or a component's id gives that record alone: ask again for the whole. */
	for (int i = 0; i < 2; i++) {
		uint32_t key;

		if (slurm_load_job(&msg, id, SHOW_ALL | SHOW_DETAIL) != 0) {
			if (errno == ESLURM_INVALID_JOB_ID)
				r->gone = true;
			else
				fail_slurm(r, "asking slurmctld for a job");
			return;
		}
		key = msg->record_count ? job_info_key(&msg->job_array[0]) : id;
		if (key == id || i == 1)
			break;
		id = key;
		slurm_free_job_info_msg(msg);
	}
	if (take_groups(t, msg, q->force, false, r) < 0)
		fail_memory(r);
	slurm_free_job_info_msg(msg);
}

static void ask_partitions(struct slurm_thread *t, const struct question *q, struct slurm_result *r)
{
	t->partitions.licenses = q->job_id != 0;
	if (partitions_load(&t->partitions, q->force, &r->partitions, &r->err) < 0)
		r->failed = true;
}

static void ask_steps(struct slurm_thread *t, const struct question *q, struct slurm_result *r)
{
	int rc;

	if (q->force)
		t->last_steps_update = 0;
	rc = steps_load(&t->last_steps_update, &r->steps, &r->err);
	r->failed = rc < 0;
	r->unchanged = rc == 0;
}

static void ask_ended(struct slurm_thread *t, const struct question *q, struct slurm_result *r)
{
	struct job_groups groups;

	r->from = q->from;
	r->to = q->to;
	if (accounting_load_ended(q->from, q->to, &groups, &r->err) < 0) {
		r->failed = true;
		return;
	}
	r->groups = groups.list;
	r->n_groups = groups.n;
	if (groups.n > TRIM_FROM)
		malloc_trim(0);
}

static void ask_stamp(struct slurm_thread *t, const struct question *q, struct slurm_result *r)
{
	struct job_groups groups;

	snprintf(r->uid, sizeof(r->uid), "%s", q->uid);
	if (accounting_find_stamp(q->uid, q->user, q->since, &groups, &r->err) < 0) {
		r->failed = true;
		return;
	}
	r->groups = groups.list;
	r->n_groups = groups.n;
	r->gone = groups.n == 0;
}

/* "kube" among "a,kube,b" or "job_submit/kube". */
static bool has_plugin(const char *list)
{
	while (list && (list = strstr(list, "kube"))) {
		if (list[4] == '\0' || list[4] == ',')
			return true;
		list += 4;
	}
	return false;
}

static void ask_conf(struct slurm_thread *t, const struct question *q, struct slurm_result *r)
{
	slurm_conf_t *conf = NULL;

	if (slurm_load_ctl_conf(0, &conf) != 0) {
		fail_slurm(r, "asking slurmctld for its configuration");
		return;
	}
	r->cluster = strdup(conf->cluster_name);
	r->slurm_user = conf->slurm_user_id;
	r->min_job_age = conf->min_job_age;
	r->accounting = conf->accounting_storage_type &&
			strcmp(conf->accounting_storage_type, "accounting_storage/none");
	if (!r->cluster)
		fail_memory(r);
	r->job_submit_kube = has_plugin(conf->job_submit_plugins);
	slurm_free_ctl_conf(conf);
}

static void (*const askers[])(struct slurm_thread *, const struct question *,
			      struct slurm_result *) = {
	[ASK_QUEUE] = ask_queue,
	[ASK_JOB] = ask_job,
	[ASK_CONF] = ask_conf,
	[ASK_PARTITIONS] = ask_partitions,
	[ASK_STEPS] = ask_steps,
	[ASK_ENDED] = ask_ended,
	[ASK_STAMP] = ask_stamp,
};

/* -- the thread ----------------------------------------------------------------------------- */

static struct question *wait_for_question(struct slurm_thread *t)
{
	struct question *q = NULL;

	pthread_mutex_lock(&t->lock);
	t->busy = false;
	while (!t->questions && !t->stop)
		pthread_cond_wait(&t->wake, &t->lock);
	if (!t->stop) {
		t->busy = true;
		q = t->questions;
		t->questions = q->next;
		if (!t->questions)
			t->last_question = &t->questions;
	}
	pthread_mutex_unlock(&t->lock);
	return q;
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
	askers[q->ask](t, q, r);
	r->spent_us = clock_us() - r->asked_us;
	hand_over(t, r);
}

static void *run(void *arg)
{
	struct slurm_thread *t = arg;
	struct question *q;

	while ((q = wait_for_question(t))) {
		answer(t, q);
		free(q);
	}
	return NULL;
}

struct slurm_thread *slurm_thread_start(struct error *err)
{
	struct slurm_thread *t = calloc(1, sizeof(*t));
	sigset_t all, before;
	int rc;

	if (!t) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	t->last_question = &t->questions;
	t->last_result = &t->results;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->wake, NULL);
	t->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->fd < 0) {
		error_errno(err, "eventfd");
		free(t);
		return NULL;
	}
	/* Signals are the loop's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&t->thread, NULL, run, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc) {
		error_set(err, rc, "pthread_create: %s", strerror(rc));
		close(t->fd);
		free(t);
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
		pthread_cond_signal(&t->wake);
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
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	while ((r = slurm_thread_next(t)))
		slurm_result_free(r);
	while ((q = t->questions)) {
		t->questions = q->next;
		free(q);
	}
	seen_free(&t->seen);
	partitions_free(&t->partitions);
	close(t->fd);
	pthread_cond_destroy(&t->wake);
	pthread_mutex_destroy(&t->lock);
	free(t);
}
