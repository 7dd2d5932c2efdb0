/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/slurm/load.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/hash.h"
#include "sync-agent/mirror/output.h"
#include "sync-agent/slurm/names.h"

/* One row per field that is copied as it is: where it is in Slurm's record and in ours. */
enum row_kind { NUMBER, TEXT };

struct row {
	enum row_kind kind;
	bool drifts; /* changes by itself while the job is pending */
	size_t from, from_size, to;
};

#define ROW(kind, drifts, info_field, job_field)                                        \
	{                                                                               \
		kind, drifts, offsetof(slurm_job_info_t, info_field),                   \
			sizeof(((slurm_job_info_t *)0)->info_field),                    \
			offsetof(struct job, job_field)                                 \
	}

static const struct row rows[] = {
	ROW(NUMBER, false, job_id, id),
	ROW(NUMBER, false, array_job_id, array_id),
	ROW(NUMBER, false, array_task_id, array_task),
	ROW(NUMBER, false, array_max_tasks, array_throttle),
	ROW(NUMBER, false, het_job_id, het_id),
	ROW(NUMBER, false, het_job_offset, het_offset),
	ROW(NUMBER, false, user_id, uid),
	ROW(NUMBER, false, group_id, gid),
	ROW(NUMBER, false, time_limit, time_limit),
	ROW(NUMBER, true, priority, priority),
	ROW(NUMBER, false, nice, nice),
	ROW(NUMBER, false, num_nodes, nodes),
	ROW(NUMBER, false, max_nodes, max_nodes),
	ROW(NUMBER, false, num_tasks, tasks),
	ROW(NUMBER, false, num_cpus, cpus),
	ROW(NUMBER, false, cpus_per_task, cpus_per_task),
	ROW(NUMBER, false, ntasks_per_node, tasks_per_node),
	ROW(NUMBER, false, pn_min_memory, memory),
	ROW(NUMBER, false, exit_code, exit_status),
	ROW(NUMBER, false, restart_cnt, restarts),
	ROW(NUMBER, false, batch_flag, batch),
	ROW(NUMBER, false, submit_time, submit),
	ROW(NUMBER, false, eligible_time, eligible),
	ROW(NUMBER, true, start_time, start),
	ROW(NUMBER, true, end_time, end),
	ROW(NUMBER, false, deadline, deadline),
	ROW(TEXT, true, state_desc, state_desc),
	ROW(TEXT, false, name, name),
	ROW(TEXT, false, user_name, user),
	ROW(TEXT, false, account, account),
	ROW(TEXT, false, partition, partition),
	ROW(TEXT, false, qos, qos),
	ROW(TEXT, false, resv_name, reservation),
	ROW(TEXT, false, features, constraint),
	ROW(TEXT, false, licenses, licenses),
	ROW(TEXT, false, dependency, dependency),
	ROW(TEXT, false, comment, comment),
	ROW(TEXT, false, admin_comment, admin_comment),
	ROW(TEXT, false, nodes, node_list),
	ROW(TEXT, false, req_nodes, req_nodes),
	ROW(TEXT, false, exc_nodes, exc_nodes),
	ROW(TEXT, false, tres_alloc_str, tres),
	ROW(TEXT, false, tres_per_job, tres_per_job),
	ROW(TEXT, false, tres_per_node, tres_per_node),
	ROW(TEXT, false, tres_per_socket, tres_per_socket),
	ROW(TEXT, false, tres_per_task, tres_per_task),
	ROW(TEXT, false, work_dir, work_dir),
	ROW(TEXT, false, std_in, std_in),
	ROW(TEXT, false, std_out, std_out),
	ROW(TEXT, false, std_err, std_err),
	ROW(TEXT, false, container, container),
	ROW(TEXT, false, array_task_str, array_tasks),
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* Widen a number, keeping what Slurm means by its largest values. */
static uint64_t read_number(const void *from, size_t size)
{
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;

	switch (size) {
	case sizeof(v16):
		memcpy(&v16, from, size);
		return v16 == INFINITE16 ? JOB_UNLIMITED : v16 == NO_VAL16 ? JOB_NONE : v16;
	case sizeof(v32):
		memcpy(&v32, from, size);
		return v32 == INFINITE ? JOB_UNLIMITED : v32 == NO_VAL ? JOB_NONE : v32;
	default:
		memcpy(&v64, from, sizeof(v64));
		return v64 == INFINITE64 ? JOB_UNLIMITED : v64 == NO_VAL64 ? JOB_NONE : v64;
	}
}

static const char *read_text(const void *from)
{
	const char *text;

	memcpy(&text, from, sizeof(text));
	return text ? text : "";
}

static bool is_held(const slurm_job_info_t *info)
{
	uint32_t base = info->job_state & JOB_STATE_BASE;

	/* One that is cancelled while it is held stays as it was: no reason to write that. */
	return (base == JOB_PENDING || base == JOB_CANCELLED) && info->priority == 0 &&
	       (info->state_reason == WAIT_HELD || info->state_reason == WAIT_HELD_USER);
}

static enum job_phase phase_of(uint32_t state)
{
	uint32_t base = state & JOB_STATE_BASE;

	if (state & (JOB_COMPLETING | JOB_STAGE_OUT))
		return PHASE_RUNNING;
	if (base == JOB_PENDING ||
	    (state & (JOB_REQUEUE | JOB_REQUEUE_HOLD | JOB_REQUEUE_FED | JOB_SPECIAL_EXIT)))
		return PHASE_PENDING;
	if (base == JOB_RUNNING || base == JOB_SUSPENDED)
		return PHASE_RUNNING;
	return base == JOB_COMPLETE ? PHASE_COMPLETED : PHASE_FAILED;
}

uint32_t job_info_key(const slurm_job_info_t *info)
{
	if (info->array_job_id)
		return info->array_job_id;
	if (info->het_job_id)
		return info->het_job_id;
	return info->job_id;
}

#define FILE_NAME_MAX 4096

/* Where a batch job's streams really go: Slurm knows its defaults and the % patterns. */
struct files {
	char in[FILE_NAME_MAX], out[FILE_NAME_MAX], err[FILE_NAME_MAX];
};

/* libslurm's own functions know fewer of the patterns than slurmd does, and take "%%j" for "%j". */
static void expand(const slurm_job_info_t *info, const char *pattern, char buf[FILE_NAME_MAX])
{
	struct output_names names = {
		.job_id = info->job_id,
		.array_id = info->array_job_id,
		.array_task = info->array_task_id,
		.job_name = read_text(&info->name),
		.user = info->user_name && info->user_name[0] ? info->user_name :
								name_of_uid(info->user_id),
		.node = info->batch_host && info->batch_host[0] ? info->batch_host : NULL,
	};
	_cleanup_free_ char *text = output_expand(pattern, &names);

	if (text)
		snprintf(buf, FILE_NAME_MAX, "%s%s%s", text[0] == '/' ? "" : info->work_dir,
			 text[0] == '/' ? "" : "/", text);
}

static void find_files(const slurm_job_info_t *info, struct files *files)
{
	slurm_job_info_t copy = *info; /* these calls don't change it, but say they may */
	const char *error = info->std_err ? info->std_err : info->std_out;

	files->in[0] = files->out[0] = files->err[0] = '\0';
	if (!info->batch_flag || !info->work_dir)
		return;
	slurm_get_job_stdin(files->in, sizeof(files->in), &copy);
	slurm_get_job_stdout(files->out, sizeof(files->out), &copy);
	slurm_get_job_stderr(files->err, sizeof(files->err), &copy);
	if (info->std_out)
		expand(info, info->std_out, files->out);
	if (error)
		expand(info, error, files->err);
}

struct job *job_from_info(const slurm_job_info_t *info)
{
	size_t size = sizeof(struct job);
	struct files files;
	struct job *job;
	char *text;

	find_files(info, &files);
	size += strlen(files.in) + strlen(files.out) + strlen(files.err) + 3;
	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].kind == TEXT)
			size += strlen(read_text((const char *)info + rows[i].from)) + 1;
	job = calloc(1, size);
	if (!job)
		return NULL;
	text = (char *)(job + 1);
	for (size_t i = 0; i < N_ROWS; i++) {
		const char *from = (const char *)info + rows[i].from;
		char *to = (char *)job + rows[i].to;

		if (rows[i].kind == NUMBER) {
			uint64_t value = read_number(from, rows[i].from_size);

			memcpy(to, &value, sizeof(value));
		} else {
			memcpy(to, &text, sizeof(text));
			text = stpcpy(text, read_text(from)) + 1;
		}
	}
	job->in_path = text;
	text = stpcpy(text, files.in) + 1;
	job->out_path = text;
	text = stpcpy(text, files.out) + 1;
	job->err_path = text;
	strcpy(text, files.err);
	job->state = slurm_job_state_string(info->job_state);
	job->reason = compat_reason_string(info->state_reason);
	job->phase = phase_of(info->job_state);
	job->held = is_held(info);
	/* After a requeue Slurm itself makes a job wait. */
	job->begins_later = job->phase == PHASE_PENDING && !info->restart_cnt &&
			    info->eligible_time > time(NULL);
	job->held_by_admin = job->held && info->state_reason == WAIT_HELD;
	job->cancelled_by = "";
	job->group = name_of_gid(info->group_id);
	if (!job->user[0])
		job->user = name_of_uid(info->user_id);
	return job;
}

/* By the hash, a job's owner can at most hide a change of his own job. */
uint64_t job_info_fingerprint(const slurm_job_info_t *info)
{
	bool pending = (info->job_state & JOB_STATE_BASE) == JOB_PENDING;
	uint32_t reason = info->state_reason;
	uint8_t held = is_held(info);
	uint64_t hash = HASH_SEED;

	if (pending && reason == WAIT_RESOURCES)
		reason = WAIT_PRIORITY;
	hash = hash_bytes(hash, &info->job_state, sizeof(info->job_state));
	hash = hash_bytes(hash, &reason, sizeof(reason));
	hash = hash_bytes(hash, &held, sizeof(held));
	for (size_t i = 0; i < N_ROWS; i++) {
		const char *from = (const char *)info + rows[i].from;

		if (rows[i].drifts && pending)
			continue;
		if (rows[i].kind == TEXT)
			hash = hash_text(hash, read_text(from));
		else
			hash = hash_bytes(hash, from, rows[i].from_size);
	}
	return hash;
}
