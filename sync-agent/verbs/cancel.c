/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What scancel JOB does. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "common/slurm_compat.h"
#include "sync-agent/verbs/verbs.h"

int verb_cancel(uint32_t job_id, struct json_object *fields, struct error *err)
{
	char id[16];

	snprintf(id, sizeof(id), "%u", job_id);
	if (slurm_kill_job2(id, SIGKILL, 0, NULL) == 0 || errno == ESLURM_ALREADY_DONE ||
	    errno == ESLURM_INVALID_JOB_ID)
		return 0;
	return verb_refused(err);
}
