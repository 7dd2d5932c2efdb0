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
	{ "update", verb_update },
};

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
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
		ECONNREFUSED,
		ETIMEDOUT,
	};

	for (size_t i = 0; i < ARRAY_SIZE(passing); i++)
		if (passing[i] == code)
			return true;
	return false;
}

int verb_refused(struct error *err)
{
	int code = errno;

	return error_set(err, code, "%s", slurm_strerror(code));
}
