/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/slurm/job.h"

#include <stdlib.h>

static int by_value(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return a < b ? -1 : a > b;
}

#define TOLD_WITHIN 120 /* seconds after its end */

bool job_is_partial(const struct job *job)
{
	return !job->partition[0];
}

bool job_may_be_told_more(const struct job *job, time_t now)
{
	return job_is_partial(job) && (int64_t)job->end + TOLD_WITHIN > (int64_t)now;
}

bool job_ids_have(const uint32_t *ids, size_t n, uint32_t id)
{
	return n && bsearch(&id, ids, n, sizeof(id), by_value);
}

void job_group_free(struct job_group *group)
{
	if (!group)
		return;
	for (size_t i = 0; i < group->n; i++)
		free(group->jobs[i]);
	usage_free(&group->usage);
	step_list_free(&group->steps);
	free(group);
}
