/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/slurm/ask.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "sync-agent/slurm/accounting.h"
#include "sync-agent/slurm/load.h"
#include "sync-agent/slurm/load_steps.h"

#define TRIM_FROM 1000 /* jobs */

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
static bool note_group(struct slurm_memory *m, slurm_job_info_t **records, size_t n)
{
	uint64_t fingerprint = n;
	bool changed;

	for (size_t i = 0; i < n; i++)
		fingerprint = fingerprint * 31 + job_info_fingerprint(records[i]);
	pthread_mutex_lock(&m->lock);
	changed = seen_note(&m->seen, job_info_key(records[0]), fingerprint);
	pthread_mutex_unlock(&m->lock);
	return changed;
}

/* Put the groups of msg that have changed (or all, if forced) into r; with ids, all keys as well. */
static int take_groups(struct slurm_memory *m, job_info_msg_t *msg, bool force, bool ids,
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
		if (note_group(m, sorted + i, next - i) || force) {
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

static void ask_queue(struct slurm_memory *m, const struct question *q, struct slurm_result *r)
{
	job_info_msg_t *msg = NULL;

	if (q->force)
		m->last_update = 0;
	if (slurm_load_jobs(m->last_update, &msg, SHOW_ALL | SHOW_DETAIL) != 0) {
		if (errno == SLURM_NO_CHANGE_IN_DATA)
			r->unchanged = true;
		else
			fail_slurm(r, "asking slurmctld for its jobs");
		return;
	}
	jobs_count(msg, &r->job_states);
	r->whole = q->force;
	if (take_groups(m, msg, q->force, true, r) < 0) {
		fail_memory(r);
		m->last_update = 0;
	} else {
		m->last_update = msg->last_update;
		pthread_mutex_lock(&m->lock);
		seen_keep(&m->seen, r->ids, r->n_ids);
		pthread_mutex_unlock(&m->lock);
	}
	slurm_free_job_info_msg(msg);
	/* A long queue's records came and went: give their memory back. */
	if (r->n_ids > TRIM_FROM)
		malloc_trim(0);
}

static void ask_job(struct slurm_memory *m, const struct question *q, struct slurm_result *r)
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
	if (take_groups(m, msg, q->force, false, r) < 0)
		fail_memory(r);
	slurm_free_job_info_msg(msg);
}

static void ask_partitions(struct slurm_memory *m, const struct question *q, struct slurm_result *r)
{
	m->partitions.licenses = q->job_id != 0;
	if (partitions_load(&m->partitions, q->force, &r->partitions, &r->err) < 0)
		r->failed = true;
}

static void ask_steps(struct slurm_memory *m, const struct question *q, struct slurm_result *r)
{
	int rc;

	if (q->force)
		m->last_steps_update = 0;
	rc = steps_load(&m->last_steps_update, &r->steps, &r->err);
	r->failed = rc < 0;
	r->unchanged = rc == 0;
}

static void ask_ended(struct slurm_memory *m, const struct question *q, struct slurm_result *r)
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

static void ask_stamp(struct slurm_memory *m, const struct question *q, struct slurm_result *r)
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

static void ask_conf(struct slurm_memory *m, const struct question *q, struct slurm_result *r)
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

static void (*const askers[])(struct slurm_memory *, const struct question *,
			      struct slurm_result *) = {
	[ASK_QUEUE] = ask_queue,
	[ASK_JOB] = ask_job,
	[ASK_CONF] = ask_conf,
	[ASK_PARTITIONS] = ask_partitions,
	[ASK_STEPS] = ask_steps,
	[ASK_ENDED] = ask_ended,
	[ASK_STAMP] = ask_stamp,
};

void slurm_answer(struct slurm_memory *m, const struct question *q, struct slurm_result *r)
{
	askers[q->ask](m, q, r);
}

void slurm_memory_init(struct slurm_memory *m)
{
	*m = (struct slurm_memory){ 0 };
	pthread_mutex_init(&m->lock, NULL);
}

void slurm_memory_free(struct slurm_memory *m)
{
	pthread_mutex_destroy(&m->lock);
	seen_free(&m->seen);
	partitions_free(&m->partitions);
}
