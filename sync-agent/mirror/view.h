/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A group of records folded into what one object tells: a job, an array, a heterogeneous job. */
#ifndef AGENT_MIRROR_VIEW_H
#define AGENT_MIRROR_VIEW_H

#include "sync-agent/mirror/indexes.h"
#include "sync-agent/slurm/job.h"

struct view {
	const char *cluster; /* borrowed */
	const struct job *lead; /* borrowed: of the group */
	const struct job_group *group;
	const char *state; /* of the whole: RUNNING as soon as one task runs, ... */
	enum job_phase phase;
	const char *reason;
	bool is_array;
	struct indexes all, pending, running, completed, failed; /* arrays only */
};

/* Fold. before_completed and before_failed are the sets of an array's object as it is ("" if
 * none): tasks that slurmctld has forgotten meanwhile stay in them.
 * Returns 0, or -1 without memory. cluster and group have to outlive the view; view_free() frees the sets. */
int view_make(const char *cluster, const struct job_group *group, const char *before_completed,
	      const char *before_failed, struct view *ret);

void view_free(struct view *v);

#endif
