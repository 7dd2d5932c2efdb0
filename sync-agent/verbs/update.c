/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What scontrol update JobId=JOB FIELD=VALUE... does. */
#include "sync-agent/verbs/update.h"

#include <stdio.h>

#include "common/cleanup.h"
#include "sync-agent/verbs/setters.h"

int update_job(uint32_t job_id, job_desc_msg_t *desc, struct error *err)
{
	job_array_resp_msg_t *answer = NULL;
	char id[16];

	snprintf(id, sizeof(id), "%u", job_id);
	desc->job_id_str = id;
	if (slurm_update_job2(desc, &answer) != 0)
		return verb_refused(err);
	return verb_check_tasks(answer, err);
}

int verb_update(uint32_t job_id, struct json_object *fields, struct error *err)
{
	_cleanup_(setter_room_free) struct setter_room room = { 0 };
	job_desc_msg_t desc;

	slurm_init_job_desc_msg(&desc);
	if (setters_apply(&desc, &room, fields, err) < 0)
		return -1;
	return update_job(job_id, &desc, err);
}
