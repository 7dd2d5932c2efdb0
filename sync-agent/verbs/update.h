/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_VERBS_UPDATE_H
#define AGENT_VERBS_UPDATE_H

#include "common/slurm_compat.h"
#include "sync-agent/verbs/verbs.h"

/* Send one job description for job_id, as scontrol update does; Slurm's answer for each task of an
 * array counts. desc->job_id_str is set here. Returns 0, or -1 with err filled. */
int update_job(uint32_t job_id, job_desc_msg_t *desc, struct error *err);

#endif
