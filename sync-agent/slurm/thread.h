/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent's other threads: they make the libslurm calls that block and hand over plain structs.
 * There are two sets of the same kind, since slurmdbd may be away or slow while slurmctld is not: one is
 * asked about what slurmctld knows, the other about what slurmdbd knows. In each, questions about one job
 * have a thread of their own: its answer may come before that of a look at the whole queue which was
 * asked earlier, and slurm_result.asked_us tells.
 *
 * It also remembers each group's fingerprint, so that a look at the whole queue hands over only
 * what has changed since it was last handed over. */
#ifndef AGENT_SLURM_THREAD_H
#define AGENT_SLURM_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/error.h"
#include "sync-agent/slurm/job.h"
#include "sync-agent/slurm/partition.h"

enum slurm_ask {
	ASK_QUEUE, /* all jobs: changed groups, and the ids of all that are there */
	ASK_JOB,   /* one job's whole group, from slurmctld */
	ASK_CONF,  /* what the agent needs to know of slurmctld's configuration */
	ASK_PARTITIONS, /* partitions and nodes, with a job id of 1 licenses; force: slurmctld's version, too */
	ASK_STEPS, /* the steps that run, of all jobs */
	ASK_PAST,  /* one job's whole group, from slurmdbd */
	ASK_ENDED, /* the jobs that ended in some time, from slurmdbd */
	ASK_STAMP, /* the job with a SlurmJob's stamp, from slurmdbd */
};

struct slurm_result {
	struct slurm_result *next;
	enum slurm_ask ask;
	uint32_t job_id;    /* ASK_JOB, ASK_PAST: as asked */
	int64_t asked_us;   /* monotonic time of the call's start: what it tells is no older */
	int64_t spent_us;   /* how long the call took */
	bool failed;        /* the call failed: err says why; else: */
	bool gone;          /* ASK_JOB, ASK_PAST: there is no such job */
	bool whole;         /* ASK_QUEUE: all groups are handed over, not only those that changed */
	bool unchanged;     /* ASK_QUEUE, ASK_STEPS: nothing at all has changed; there is nothing in it */
	struct error err;
	char uid[37];       /* ASK_STAMP: as asked */
	size_t n_groups;
	struct job_group **groups;
	char *cluster; /* ASK_CONF */
	uint32_t slurm_user, min_job_age;
	bool accounting; /* there is a slurmdbd */
	bool job_submit_kube; /* slurmctld has the plugin */
	size_t n_ids; /* ASK_QUEUE: keys of all groups, ascending */
	uint32_t *ids;
	struct tally job_states; /* ASK_QUEUE: jobs by state, if it is not unchanged */
	struct partition_list *partitions; /* ASK_PARTITIONS: NULL if nothing has changed */
	struct step_list steps; /* ASK_STEPS */
	time_t from, to;        /* ASK_ENDED: as asked */
};

struct slurm_thread;

/* Start it. slurm_init() has to have been called. Returns NULL with err filled on failure. */
struct slurm_thread *slurm_thread_start(struct error *err);

/* Readable when slurm_thread_next() has something. */
int slurm_thread_fd(const struct slurm_thread *t);

/* Ask; the answer comes as a slurm_result. A group is handed over even if unchanged when force is
 * set. An equal question that still waits in line is not put twice. */
void slurm_thread_ask(struct slurm_thread *t, enum slurm_ask ask, uint32_t job_id, bool force);

/* Is there neither a question nor an answer under way? */
bool slurm_thread_idle(struct slurm_thread *t);
/* Ask slurmdbd for the jobs that ended from one time to another. */
void slurm_thread_ask_ended(struct slurm_thread *t, time_t from, time_t to);

/* Ask for ASK_STAMP: a job of that user, submitted after since or shortly before, that has the stamp
 * of the object with that uid. */
void slurm_thread_ask_stamp(struct slurm_thread *t, const char *uid, const char *user, time_t since);

/* The next answer (the caller frees it with slurm_result_free()), or NULL. */
struct slurm_result *slurm_thread_next(struct slurm_thread *t);

void slurm_result_free(struct slurm_result *r);

/* Wait for the calls under way and end the threads. */
void slurm_thread_stop(struct slurm_thread *t);

#endif
