/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/verbs/verbs.h"

#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/slurm_compat.h"

static const struct verb verbs[] = {
	{ "cancel", verb_cancel },
	{ "hold", verb_hold },
	{ "release", verb_release },
	{ "requeue", verb_requeue },
	{ "resume", verb_resume },
	{ "suspend", verb_suspend },
	{ "update", verb_update },
};

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static bool is_among(int code, const int *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == code)
			return true;
	return false;
}

bool verb_error_is_passing(int code)
{
	static const int passing[] = {
		SLURM_COMMUNICATIONS_CONNECTION_ERROR,
		SLURM_COMMUNICATIONS_SEND_ERROR,
		SLURM_COMMUNICATIONS_RECEIVE_ERROR,
		SLURM_COMMUNICATIONS_SHUTDOWN_ERROR,
		SLURMCTLD_COMMUNICATIONS_CONNECTION_ERROR,
		SLURMCTLD_COMMUNICATIONS_SEND_ERROR,
		SLURMCTLD_COMMUNICATIONS_RECEIVE_ERROR,
		SLURMCTLD_COMMUNICATIONS_SHUTDOWN_ERROR,
		SLURM_PROTOCOL_SOCKET_IMPL_TIMEOUT,
		ESLURM_IN_STANDBY_MODE,
		ESLURM_JOB_SETTING_DB_INX,
		ECONNREFUSED,
		ETIMEDOUT,
	};

	return is_among(code, passing, ARRAY_SIZE(passing));
}

/* Is it only that the action does not fit the state that a record is in? */
static bool is_unfit(int code)
{
	static const int unfit[] = {
		ESLURM_ALREADY_DONE,	ESLURM_JOB_FINISHED,	ESLURM_JOB_NOT_PENDING,
		ESLURM_JOB_PENDING,	ESLURM_JOB_NOT_RUNNING, ESLURM_JOB_NOT_SUSPENDED,
		ESLURM_JOB_NOT_PENDING_NOR_RUNNING,
	};

	return is_among(code, unfit, ARRAY_SIZE(unfit));
}

static int judge_tasks(const job_array_resp_msg_t *answer, struct error *err)
{
	uint32_t n = answer->job_array_count, first = n, done = 0;

	for (uint32_t i = 0; i < n; i++) {
		int code = (int)answer->error_code[i];

		done += !code;
		if (code && (first == n || (is_unfit((int)answer->error_code[first]) && !is_unfit(code))))
			first = i;
	}
	if (first == n || (done && is_unfit((int)answer->error_code[first])))
		return 0;
	errno = (int)answer->error_code[first];
	verb_refused(err);
	return n > 1 ? error_wrap(err, "%.60s", answer->job_array_id[first]) : -1;
}

int verb_check_tasks(job_array_resp_msg_t *answer, struct error *err)
{
	int rc = answer ? judge_tasks(answer, err) : 0;

	slurm_free_job_array_resp(answer);
	return rc;
}

int verb_refused(struct error *err)
{
	int code = errno;

	return error_set(err, code, "%s", slurm_strerror(code));
}
