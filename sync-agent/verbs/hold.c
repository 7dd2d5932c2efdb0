/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What scontrol uhold JOB and scontrol release JOB do. */
#include "sync-agent/verbs/update.h"

int verb_hold(uint32_t job_id, struct json_object *fields, struct error *err)
{
	job_desc_msg_t desc;

	slurm_init_job_desc_msg(&desc);
	desc.priority = 0;
	desc.alloc_sid = ALLOC_SID_USER_HOLD;
	return update_job(job_id, &desc, err);
}

int verb_release(uint32_t job_id, struct json_object *fields, struct error *err)
{
	job_desc_msg_t desc;

	slurm_init_job_desc_msg(&desc);
	desc.priority = INFINITE;
	desc.alloc_sid = 0;
	return update_job(job_id, &desc, err);
}
