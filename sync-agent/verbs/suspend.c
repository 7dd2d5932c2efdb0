/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What scontrol suspend JOB and scontrol resume JOB do. */
#include <stdio.h>

#include "sync-agent/verbs/verbs.h"

int verb_suspend(uint32_t job_id, struct json_object *fields, struct error *err)
{
	job_array_resp_msg_t *answer = NULL;
	char id[16];

	snprintf(id, sizeof(id), "%u", job_id);
	if (slurm_suspend2(id, &answer) != 0)
		return verb_refused(err);
	return verb_check_tasks(answer, err);
}

int verb_resume(uint32_t job_id, struct json_object *fields, struct error *err)
{
	job_array_resp_msg_t *answer = NULL;
	char id[16];

	snprintf(id, sizeof(id), "%u", job_id);
	if (slurm_resume2(id, &answer) != 0)
		return verb_refused(err);
	return verb_check_tasks(answer, err);
}
