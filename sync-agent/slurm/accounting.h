/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What slurmdbd remembers of jobs that slurmctld has forgotten. */
#ifndef AGENT_SLURM_ACCOUNTING_H
#define AGENT_SLURM_ACCOUNTING_H

#include "common/error.h"
#include "sync-agent/slurm/job.h"

/* Load the latest job of that id in this cluster. Returns 0 with *ret the group (the caller frees
 * it) or NULL if there is no such job, no accounting storage included; -1 with err filled if
 * slurmdbd does not answer. Blocks. */
int accounting_load_job(uint32_t job_id, struct job_group **ret, struct error *err);

/* The cluster these records are asked for; to be set once, before the first call. */
void accounting_set_cluster(const char *cluster);

#endif
