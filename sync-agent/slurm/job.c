/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/slurm/job.h"

#include <stdlib.h>

void job_group_free(struct job_group *group)
{
	if (!group)
		return;
	for (size_t i = 0; i < group->n; i++)
		free(group->jobs[i]);
	free(group);
}
