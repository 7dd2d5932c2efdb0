/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/slurm/accounting.h"

#include <errno.h>
#include <slurm/slurmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/slurm_compat.h"
#include "sync-agent/slurm/load.h"
#include "sync-agent/slurm/names.h"

static char cluster_name[64];

void accounting_set_cluster(const char *cluster)
{
	snprintf(cluster_name, sizeof(cluster_name), "%s", cluster);
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
		.pn_min_memory = NO_VAL64,
		.exit_code = rec->exitcode,
		.submit_time = rec->submit,
		.eligible_time = rec->eligible,
		.start_time = rec->start,
		.end_time = rec->end,
		.name = rec->jobname,
		.account = rec->account,
		.partition = rec->partition,
		.resv_name = rec->resv_name,
		.features = rec->constraints,
		.comment = rec->derived_es,
		.admin_comment = rec->admin_comment,
		.nodes = rec->nodes && strcmp(rec->nodes, "None assigned") ? rec->nodes : NULL,
		.tres_alloc_str = rec->tres_alloc_str,
		.work_dir = rec->work_dir,
		.container = rec->container,
	};
}

static struct job_group *copy_records(List records, uint32_t key)
{
	_cleanup_(free_iterator) ListIterator it = slurm_list_iterator_create(records);
	struct job_group *group;
	slurmdb_job_rec_t *rec;

	group = calloc(1, sizeof(*group) + slurm_list_count(records) * sizeof(group->jobs[0]));
	if (!group)
		return NULL;
	group->key = key;
	while ((rec = slurm_list_next(it))) {
		slurm_job_info_t info = as_info(rec);
		struct job *job = job_from_info(&info);

		if (!job) {
			job_group_free(group);
			return NULL;
		}
		if ((rec->state & JOB_STATE_BASE) == JOB_CANCELLED && rec->requid < INT32_MAX)
			job->cancelled_by = name_of_uid(rec->requid);
		group->jobs[group->n++] = job;
	}
	return group;
}

int accounting_load_job(uint32_t job_id, struct job_group **ret, struct error *err)
{
	_cleanup_(close_connection) void *connection = slurmdb_connection_get(NULL);
	_cleanup_(destroy_list) List steps = slurm_list_create(NULL);
	_cleanup_(destroy_list) List clusters = slurm_list_create(NULL);
	_cleanup_(destroy_list) List records = NULL;
	slurm_selected_step_t step = {
		.array_task_id = NO_VAL,
		.het_job_offset = NO_VAL,
		.step_id = { .job_id = job_id, .step_id = NO_VAL, .step_het_comp = NO_VAL },
	};
	slurmdb_job_cond_t cond = {
		.step_list = steps,
		.cluster_list = clusters,
		.db_flags = SLURMDB_JOB_FLAG_NOTSET,
		.flags = JOBCOND_FLAG_NO_STEP,
		.usage_start = 1,
		.usage_end = time(NULL) + 60,
	};

	*ret = NULL;
	if (!connection)
		return error_set(err, errno, "slurmdbd: %s", slurm_strerror(errno));
	slurm_list_append(steps, &step);
	slurm_list_append(clusters, cluster_name);
	errno = 0;
	records = slurmdb_jobs_get(connection, &cond);
	if (!records)
		return error_set(err, errno, "slurmdbd: %s",
				 errno ? slurm_strerror(errno) : "it gave no answer");
	if (slurm_list_count(records) == 0)
		return 0;
	*ret = copy_records(records, job_id);
	return *ret ? 0 : error_set(err, ENOMEM, "out of memory");
}
