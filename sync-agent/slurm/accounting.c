/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/slurm/accounting.h"

#include <errno.h>
#include <pwd.h>
#include <slurm/slurmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/slurm_compat.h"
#include "common/stamp.h"
#include "sync-agent/mirror/tres.h"
#include "sync-agent/slurm/accounting_names.h"
#include "sync-agent/slurm/load.h"
#include "sync-agent/slurm/names.h"
#include "sync-agent/slurm/srun_line.h"

#define STEPS_KEPT 32 /* of a job */
#define PER_SECOND 1000000

static char cluster_name[64];

void accounting_set_cluster(const char *cluster)
{
	snprintf(cluster_name, sizeof(cluster_name), "%s", cluster);
}

void job_groups_free(struct job_groups *groups)
{
	for (size_t i = 0; i < groups->n; i++)
		job_group_free(groups->list[i]);
	free(groups->list);
	*groups = (struct job_groups){ 0 };
}

static void close_connection(void **connection)
{
	if (*connection)
		slurmdb_connection_close(connection);
}

static void destroy_list(List *list)
{
	if (*list)
		slurm_list_destroy(*list);
}

static void free_iterator(ListIterator *it)
{
	if (*it)
		slurm_list_iterator_destroy(*it);
}

static char *copy(const char *text)
{
	return text && text[0] ? strdup(text) : NULL;
}

static const char *node_list(const char *nodes)
{
	return nodes && strcmp(nodes, "None assigned") ? nodes : NULL;
}

/* -- jobs ----------------------------------------------------------------------------------- */

/* slurmdbd's record in the shape of slurmctld's, so that both are copied by the same rows.
 * The strings stay slurmdbd's. */
static slurm_job_info_t as_info(const slurmdb_job_rec_t *rec)
{
	return (slurm_job_info_t){
		.job_id = rec->jobid,
		.array_job_id = rec->array_job_id,
		.array_task_id = rec->array_task_id,
		.array_max_tasks = rec->array_max_tasks,
		.array_task_str = rec->array_task_str,
		.het_job_id = rec->het_job_id == NO_VAL ? 0 : rec->het_job_id,
		.het_job_offset = rec->het_job_offset,
		.job_state = rec->state,
		.state_reason = WAIT_NO_REASON,
		.user_id = rec->uid,
		.user_name = rec->user,
		.group_id = rec->gid,
		.time_limit = rec->timelimit,
		.priority = rec->priority,
		.nice = NICE_OFFSET,
		.num_nodes = rec->alloc_nodes,
		.num_cpus = rec->req_cpus,
		.max_nodes = 0,
		.num_tasks = NO_VAL,
		.cpus_per_task = NO_VAL16,
		.ntasks_per_node = NO_VAL16,
		.pn_min_memory = rec->req_mem,
		.exit_code = rec->exitcode,
		.submit_time = rec->submit,
		.eligible_time = rec->eligible,
		.start_time = rec->start,
		.end_time = rec->end,
		.name = rec->jobname,
		.account = rec->account,
		.partition = rec->partition,
		.qos = (char *)accounting_qos_name(rec->qosid),
		.resv_name = rec->resv_name,
		.features = rec->constraints,
		.comment = rec->derived_es,
		.admin_comment = rec->admin_comment,
		.nodes = (char *)node_list(rec->nodes),
		.work_dir = rec->work_dir,
		.container = rec->container,
	};
}

static struct job *copy_record(const slurmdb_job_rec_t *rec)
{
	_cleanup_free_ char *tres = tres_allocated(rec->tres_alloc_str, accounting_tres_name);
	slurm_job_info_t info = as_info(rec);
	struct job *job;

	info.tres_alloc_str = tres;
	job = job_from_info(&info);
	if (job && (rec->state & JOB_STATE_BASE) == JOB_CANCELLED && rec->requid < INT32_MAX)
		job->cancelled_by = name_of_uid(rec->requid);
	return job;
}

/* -- usage and steps ------------------------------------------------------------------------ */

static void add_step_usage(struct usage *u, const slurmdb_step_rec_t *step)
{
	uint64_t memory = tres_amount(step->stats.tres_usage_in_max, TRES_ID_MEMORY);
	uint64_t energy = step->stats.consumed_energy;

	if (memory > u->max_memory)
		u->max_memory = memory;
	/* Each step tells what its nodes took meanwhile. */
	if (energy < NO_VAL64 && energy > u->energy)
		u->energy = energy;
	tres_sum(&u->tres, step->stats.tres_usage_in_tot);
}

static void add_usage(struct usage *u, const slurmdb_job_rec_t *rec)
{
	_cleanup_(free_iterator) ListIterator it =
		rec->steps ? slurm_list_iterator_create(rec->steps) : NULL;
	slurmdb_step_rec_t *step;

	u->elapsed += rec->elapsed;
	u->cpu_seconds += rec->elapsed * tres_amount(rec->tres_alloc_str, TRES_ID_CPU);
	u->user_us += rec->user_cpu_sec * PER_SECOND + rec->user_cpu_usec;
	u->system_us += rec->sys_cpu_sec * PER_SECOND + rec->sys_cpu_usec;
	while (it && (step = slurm_list_next(it)))
		add_step_usage(u, step);
}

static struct step copy_step(const slurmdb_step_rec_t *rec, const slurmdb_job_rec_t *job)
{
	struct step step = {
		.job_id = job->jobid,
		.array_id = job->array_job_id,
		.array_task = job->array_task_id,
		.het_offset = rec->step_id.step_het_comp == NO_VAL ? STEP_NO_HET :
								    rec->step_id.step_het_comp,
		.number = rec->step_id.step_id,
		.state = slurm_job_state_string(rec->state),
		.name = copy(rec->stepname),
		.node_list = copy(node_list(rec->nodes)),
		.container = copy(rec->container),
		.tasks = rec->ntasks == NO_VAL ? 0 : rec->ntasks,
		.nodes = rec->nnodes == NO_VAL ? 0 : rec->nnodes,
		.start = rec->start,
		.end = rec->end,
		.exit_status = rec->end ? (uint32_t)rec->exitcode : STEP_NO_STATUS,
		.folder = copy(COMPAT_STEP_TEXT(rec, cwd)),
		.user = name_of_uid(job->uid),
	};

	srun_line_note(&step, COMPAT_STEP_TEXT(rec, std_out), COMPAT_STEP_TEXT(rec, std_err),
		       rec->submit_line);
	return step;
}

/* A step, and the job it is of. */
struct place {
	const slurmdb_step_rec_t *step;
	const slurmdb_job_rec_t *job;
};

static int by_start(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->step->start != y->step->start)
		return x->step->start < y->step->start ? -1 : 1;
	/* Those without a number of their own, the largest ones, begin before the others. */
	return (int32_t)x->step->step_id.step_id < (int32_t)y->step->step_id.step_id ? -1 : 1;
}

/* The latest steps of all these records. */
static int add_steps(struct step_list *list, slurmdb_job_rec_t **recs, size_t n)
{
	_cleanup_free_ struct place *places = NULL;
	size_t count = 0, used = 0;

	for (size_t i = 0; i < n; i++)
		count += recs[i]->steps ? slurm_list_count(recs[i]->steps) : 0;
	places = calloc(count + 1, sizeof(*places));
	list->list = calloc(STEPS_KEPT, sizeof(*list->list));
	if (!places || !list->list)
		return -1;
	for (size_t i = 0; i < n; i++) {
		_cleanup_(free_iterator) ListIterator it =
			recs[i]->steps ? slurm_list_iterator_create(recs[i]->steps) : NULL;
		slurmdb_step_rec_t *step;

		while (it && used < count && (step = slurm_list_next(it)))
			places[used++] = (struct place){ step, recs[i] };
	}
	qsort(places, used, sizeof(*places), by_start);
	for (size_t i = used > STEPS_KEPT ? used - STEPS_KEPT : 0; i < used; i++)
		list->list[list->n++] = copy_step(places[i].step, places[i].job);
	return 0;
}

/* -- groups --------------------------------------------------------------------------------- */

static uint32_t key_of(const slurmdb_job_rec_t *rec)
{
	if (rec->array_job_id)
		return rec->array_job_id;
	return rec->het_job_id && rec->het_job_id != NO_VAL ? rec->het_job_id : rec->jobid;
}

/* In the order of their groups; the group's own record first. */
static int by_key(const void *a, const void *b)
{
	const slurmdb_job_rec_t *x = *(slurmdb_job_rec_t *const *)a;
	const slurmdb_job_rec_t *y = *(slurmdb_job_rec_t *const *)b;
	uint32_t kx = key_of(x), ky = key_of(y);

	if (kx != ky)
		return kx < ky ? -1 : 1;
	if ((x->jobid == kx) != (y->jobid == ky))
		return x->jobid == kx ? -1 : 1;
	return x->jobid < y->jobid ? -1 : x->jobid > y->jobid;
}

static struct job_group *make_group(slurmdb_job_rec_t **recs, size_t n)
{
	struct job_group *group = calloc(1, sizeof(*group) + n * sizeof(group->jobs[0]));
	char *tres;

	if (!group)
		return NULL;
	group->key = key_of(recs[0]);
	group->accounted = true;
	for (size_t i = 0; i < n; i++) {
		struct job *job = copy_record(recs[i]);

		if (!job) {
			job_group_free(group);
			return NULL;
		}
		group->jobs[group->n++] = job;
		add_usage(&group->usage, recs[i]);
	}
	tres = tres_used(group->usage.tres, accounting_tres_name);
	free(group->usage.tres);
	group->usage.tres = tres;
	if (add_steps(&group->steps, recs, n) < 0) {
		job_group_free(group);
		return NULL;
	}
	return group;
}

static int make_groups(List records, struct job_groups *ret)
{
	_cleanup_(free_iterator) ListIterator it = slurm_list_iterator_create(records);
	size_t n = slurm_list_count(records), used = 0;
	_cleanup_free_ slurmdb_job_rec_t **recs = calloc(n + 1, sizeof(*recs));
	_cleanup_(job_groups_free) struct job_groups groups = { 0 };
	slurmdb_job_rec_t *rec;

	groups.list = calloc(n + 1, sizeof(*groups.list));
	if (!recs || !groups.list)
		return -1;
	while (used < n && (rec = slurm_list_next(it)))
		recs[used++] = rec;
	qsort(recs, used, sizeof(*recs), by_key);
	for (size_t i = 0, next; i < used; i = next) {
		struct job_group *group;

		for (next = i + 1; next < used && key_of(recs[next]) == key_of(recs[i]); next++)
			;
		group = make_group(recs + i, next - i);
		if (!group)
			return -1;
		groups.list[groups.n++] = group;
	}
	*ret = groups;
	groups = (struct job_groups){ 0 };
	return 0;
}

/* -- questions ------------------------------------------------------------------------------ */

static int ask(slurmdb_job_cond_t *cond, struct job_groups *ret, struct error *err)
{
	_cleanup_(close_connection) void *connection = slurmdb_connection_get(NULL);
	_cleanup_(destroy_list) List clusters = slurm_list_create(NULL);
	_cleanup_(destroy_list) List records = NULL;

	*ret = (struct job_groups){ 0 };
	if (!connection)
		return error_set(err, errno, "slurmdbd: %s", slurm_strerror(errno));
	slurm_list_append(clusters, cluster_name);
	cond->cluster_list = clusters;
	cond->db_flags = SLURMDB_JOB_FLAG_NOTSET;
	errno = 0;
	records = slurmdb_jobs_get(connection, cond);
	if (!records)
		return error_set(err, errno ? errno : EIO, "slurmdbd: %s",
				 errno ? slurm_strerror(errno) : "it gave no answer");
	if (slurm_list_count(records) == 0)
		return 0;
	accounting_names_load(connection);
	return make_groups(records, ret) < 0 ? error_set(err, ENOMEM, "out of memory") : 0;
}

int accounting_load_jobs(const uint32_t *ids, size_t n, struct job_groups *ret, struct error *err)
{
	_cleanup_free_ slurm_selected_step_t *steps = calloc(n + 1, sizeof(*steps));
	_cleanup_(destroy_list) List list = slurm_list_create(NULL);
	slurmdb_job_cond_t cond = {
		.step_list = list,
		.usage_start = 1,
		.usage_end = time(NULL) + 60,
	};

	if (!steps)
		return error_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		steps[i] = (slurm_selected_step_t){
			.array_task_id = NO_VAL,
			.het_job_offset = NO_VAL,
			.step_id = { .job_id = ids[i], .step_id = NO_VAL, .step_het_comp = NO_VAL },
		};
		slurm_list_append(list, &steps[i]);
	}
	return ask(&cond, ret, err);
}

int accounting_load_ended(time_t from, time_t to, struct job_groups *ret, struct error *err)
{
	_cleanup_(destroy_list) List list = slurm_list_create(NULL);
	char states[JOB_END][12];
	slurmdb_job_cond_t cond = {
		.state_list = list,
		.usage_start = from,
		.usage_end = to,
	};

	for (int state = JOB_COMPLETE; state < JOB_END; state++) {
		snprintf(states[state], sizeof(states[state]), "%d", state);
		slurm_list_append(list, states[state]);
	}
	return ask(&cond, ret, err);
}

#define SINCE_SLACK 120 /* seconds: clocks differ */

int accounting_find_stamp(const char *uid, const char *user, time_t since, struct job_groups *ret,
			  struct error *err)
{
	_cleanup_(destroy_list) List users = slurm_list_create(NULL);
	_cleanup_(job_groups_free) struct job_groups all = { 0 };
	char user_id[16], its_uid[STAMP_UID_LENGTH + 1];
	struct passwd *pw = getpwnam(user);
	slurmdb_job_cond_t cond = {
		.userid_list = users,
		.usage_start = since > SINCE_SLACK ? since - SINCE_SLACK : 1,
		.usage_end = time(NULL) + 60,
	};

	*ret = (struct job_groups){ 0 };
	if (!pw)
		return 0; /* nobody can have submitted for that user */
	snprintf(user_id, sizeof(user_id), "%u", pw->pw_uid);
	slurm_list_append(users, user_id);
	if (ask(&cond, &all, err) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++)
		if (stamp_read(all.list[i]->jobs[0]->admin_comment, its_uid) && !strcmp(uid, its_uid))
			return accounting_load_jobs(&all.list[i]->key, 1, ret, err);
	return 0;
}
