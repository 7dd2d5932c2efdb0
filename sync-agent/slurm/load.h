/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From libslurm's records to plain ones. */
#ifndef AGENT_SLURM_LOAD_H
#define AGENT_SLURM_LOAD_H

#include "common/slurm_compat.h"
#include "sync-agent/slurm/job.h"

/* Copy a record into one allocation. Returns it (free() frees it whole), or NULL without memory. */
struct job *job_from_info(const slurm_job_info_t *info);

/* The id under which a record is grouped: of the array, of the heterogeneous leader, or its own. */
uint32_t job_info_key(const slurm_job_info_t *info);

/* A number that changes whenever the record changes in a way that is worth telling at once. What
 * drifts by itself while a job is pending (multifactor priority, estimated times, the reason
 * flipping between Priority and Resources) does not change it. */
uint64_t job_info_fingerprint(const slurm_job_info_t *info);

#endif
