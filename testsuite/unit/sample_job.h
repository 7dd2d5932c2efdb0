/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs for the tests of the mirror, without a Slurm to tell them. */
#ifndef SAMPLE_JOB_H
#define SAMPLE_JOB_H

#include <stdlib.h>

#include "sync-agent/slurm/job.h"

#define SAMPLE_SUBMIT 1700000000 /* 2023-11-14T22:13:20Z */

/* A pending job of alice's, nothing asked for. Its texts are constants. */
static inline struct job sample_job(uint64_t id)
{
	return (struct job){
		.id = id, .array_task = JOB_NONE, .het_offset = JOB_NONE,
		.state = "PENDING", .phase = PHASE_PENDING, .reason = "Priority", .state_desc = "",
		.uid = 1001, .gid = 1001, .time_limit = 60, .priority = 100, .nice = 1u << 31,
		.nodes = 1, .max_nodes = 0, .tasks = 1, .cpus = 1, .cpus_per_task = 1,
		.tasks_per_node = JOB_NONE, .memory = 512, .batch = 1,
		.submit = SAMPLE_SUBMIT, .eligible = SAMPLE_SUBMIT,
		.group = "users", .cancelled_by = "",
		.name = "sample", .user = "alice", .account = "physics", .partition = "debug",
		.qos = "normal", .reservation = "", .constraint = "", .licenses = "",
		.dependency = "", .comment = "", .admin_comment = "", .node_list = "",
		.req_nodes = "", .exc_nodes = "", .tres = "", .tres_per_job = "",
		.tres_per_node = "", .tres_per_socket = "", .tres_per_task = "",
		.work_dir = "/home/alice", .std_in = "", .std_out = "", .std_err = "",
		.container = "", .in_path = "", .out_path = "", .err_path = "", .array_tasks = "",
	};
}

static inline void sample_start(struct job *job)
{
	job->state = "RUNNING";
	job->phase = PHASE_RUNNING;
	job->reason = "None";
	job->start = SAMPLE_SUBMIT + 60;
	job->end = SAMPLE_SUBMIT + 60 + 3600;
	job->node_list = "n1";
	job->tres = "cpu=1,mem=512M,node=1";
}

/* exit_status: as wait(2) has it. */
static inline void sample_end(struct job *job, const char *state, uint64_t exit_status)
{
	if (!job->start)
		sample_start(job);
	job->state = state;
	job->phase = strcmp(state, "COMPLETED") ? PHASE_FAILED : PHASE_COMPLETED;
	job->reason = "None";
	job->end = SAMPLE_SUBMIT + 600;
	job->exit_status = exit_status;
}

/* A group that borrows its jobs: free() it. */
static inline struct job_group *sample_group(struct job *jobs, size_t n)
{
	struct job_group *g = calloc(1, sizeof(*g) + n * sizeof(g->jobs[0]));

	g->key = jobs[0].array_id ? jobs[0].array_id : jobs[0].het_id ? jobs[0].het_id : jobs[0].id;
	g->n = n;
	for (size_t i = 0; i < n; i++)
		g->jobs[i] = &jobs[i];
	return g;
}

#endif
