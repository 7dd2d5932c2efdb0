/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What slurmdbd remembers of jobs, with what they used and their steps. All calls block. */
#ifndef AGENT_SLURM_ACCOUNTING_H
#define AGENT_SLURM_ACCOUNTING_H

#include <time.h>

#include "common/error.h"
#include "sync-agent/slurm/job.h"

/* The cluster these records are asked for; to be set once, before the first call. */
void accounting_set_cluster(const char *cluster);

struct job_groups {
	size_t n;
	struct job_group **list; /* in the order of their keys */
};

void job_groups_free(struct job_groups *groups);

/* Load the latest job of each of these ids, an array or a heterogeneous job whole. Returns 0 with
 * *ret those that are there (the caller frees them); none where there is no accounting storage. -1
 * with err filled if slurmdbd does not answer. */
int accounting_load_jobs(const uint32_t *ids, size_t n, struct job_groups *ret, struct error *err);

/* Load the jobs that ended from one time to another, both included. Of an array or a heterogeneous
 * job these may be parts. Returns as above. */
int accounting_load_ended(time_t from, time_t to, struct job_groups *ret, struct error *err);

/* Find the job of a user, submitted after since or shortly before, that has a SlurmJob's stamp: the
 * object's uid in its admin_comment. Returns as accounting_load_jobs(). */
int accounting_find_stamp(const char *uid, const char *user, time_t since, struct job_groups *ret,
			  struct error *err);

#endif
