/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What scontrol requeue JOB and scontrol requeuehold JOB do. */
#include <stdio.h>

#include "common/json.h"
#include "sync-agent/verbs/verbs.h"

/* fields: {"hold": true} for requeuehold, or NULL. */
int verb_requeue(uint32_t job_id, struct json_object *fields, struct error *err)
{
	job_array_resp_msg_t *answer = NULL;
	uint32_t flags = json_get_bool(fields, "hold", false) ? JOB_REQUEUE_HOLD : 0;
	char id[16];

	snprintf(id, sizeof(id), "%u", job_id);
	if (slurm_requeue2(id, flags, &answer) != 0)
		return verb_refused(err);
	return verb_check_tasks(answer, err);
}
