/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Slurm job record as plain data, free of libslurm: what the mirror works on. */
#ifndef AGENT_SLURM_JOB_H
#define AGENT_SLURM_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "sync-agent/slurm/step.h"

/* Slurm's NO_VAL and INFINITE, whatever the width they had. */
#define JOB_NONE (UINT64_MAX - 1)
#define JOB_UNLIMITED UINT64_MAX

enum job_phase {
	PHASE_PENDING,
	PHASE_RUNNING,   /* has an allocation: running, suspended, configuring, completing */
	PHASE_COMPLETED, /* ended well */
	PHASE_FAILED,    /* ended in any other way */
};

/* One record of slurmctld or slurmdbd. Strings are never NULL ("" when absent) and live as long as
 * the job. Times are seconds since 1970, 0 when unknown. */
struct job {
	uint64_t id;
	uint64_t array_id;   /* 0: not of an array */
	uint64_t array_task; /* JOB_NONE: the record of an array's pending tasks */
	uint64_t array_throttle;
	uint64_t het_id; /* 0: not of a heterogeneous job */
	uint64_t het_offset;

	const char *state; /* Slurm's word, static */
	enum job_phase phase;
	bool held;
	bool held_by_admin;
	const char *reason; /* Slurm's word, static; "None" when there is none */
	const char *state_desc;

	uint64_t uid, gid;
	uint64_t time_limit; /* minutes, or JOB_UNLIMITED */
	uint64_t priority;
	uint64_t nice; /* Slurm's own, with its offset of 2^31 */
	uint64_t nodes, max_nodes, tasks, cpus, cpus_per_task, tasks_per_node;
	uint64_t memory; /* megabytes per node, or per CPU with Slurm's high bit */
	uint64_t exit_status; /* as wait(2) has it */
	uint64_t restarts;
	uint64_t batch;
	uint64_t submit, eligible, start, end, deadline;
	bool begins_later; /* it waits for a begin time that somebody asked for */

	const char *group;        /* name of gid, static */
	const char *cancelled_by; /* a user's name, static; "" when unknown: slurmdbd tells, slurmctld
				   * does not */
	const char *name, *user, *account, *partition, *qos, *reservation;
	const char *constraint, *licenses, *dependency, *comment, *admin_comment;
	const char *node_list, *req_nodes, *exc_nodes, *tres, *tres_per_job, *tres_per_node,
		*tres_per_socket, *tres_per_task;
	const char *work_dir, *std_in, *std_out, *std_err, *container;
	const char *in_path, *out_path, *err_path; /* of a batch job, Slurm's defaults filled in */
	const char *array_tasks; /* "0-9,12%4": the pending tasks of an array */
};

/* The records that make one object: a job, all known tasks of an array, the components of a
 * heterogeneous job. At least one; the first is the array's or the leader's own record. */
struct job_group {
	uint32_t key; /* the job's, the array's or the leader's id */
	bool accounted; /* from slurmdbd, with usage and steps; slurmctld does not tell these */
	struct usage usage;
	struct step_list steps; /* the latest, in the order of their start */
	size_t n;
	struct job *jobs[];
};

/* slurmctld tells slurmdbd of starts every few seconds, of ends at once: a job that was short is there for a
 * moment without its user, its name, its array and, what every job has, its partition. */
bool job_is_partial(const struct job *job);
/* ... and slurmdbd may yet be told the rest, at that time. */
bool job_may_be_told_more(const struct job *job, time_t now);

/* Is id among n ids, which are ascending? */
bool job_ids_have(const uint32_t *ids, size_t n, uint32_t id);

void job_group_free(struct job_group *group);

#endif
