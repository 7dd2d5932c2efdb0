/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Partitions and nodes, asked of slurmctld. Only the Slurm thread, which may block, calls these. */
#ifndef AGENT_SLURM_PARTITIONS_H
#define AGENT_SLURM_PARTITIONS_H

#include "common/error.h"
#include "common/slurm_compat.h"
#include "sync-agent/slurm/partition.h"

/* What was answered last, so that slurmctld sends only what has changed. All zero at first. */
struct partitions {
	partition_info_msg_t *message;
	time_t nodes_update;
	char *version, *controllers;
	bool licenses;	       /* the caller's: ask for them, too */
	uint64_t max_jobs;
	uint16_t preempt_mode; /* the cluster's, of partitions that have none of their own */
};

/* Ask. With force all is asked anew, slurmctld's version too.
 * Returns 0 with *ret set (the caller frees), or NULL if nothing has changed since the last call;
 * -1 with err filled. */
int partitions_load(struct partitions *p, bool force, struct partition_list **ret,
		    struct error *err);

void partitions_free(struct partitions *p);

/* Count jobs by state, in Slurm's words; each waiting task of an array is one. */
void jobs_count(const job_info_msg_t *message, struct tally *ret);

#endif
