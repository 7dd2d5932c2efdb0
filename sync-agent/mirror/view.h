/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A group of records folded into what one object tells: a job, an array, a heterogeneous job. */
#ifndef AGENT_MIRROR_VIEW_H
#define AGENT_MIRROR_VIEW_H

#include <json-c/json.h>

#include "sync-agent/mirror/indexes.h"
#include "sync-agent/slurm/job.h"

struct view {
	const char *cluster; /* borrowed */
	const struct job *lead; /* borrowed: of the group */
	const struct job_group *group;
	const char *state; /* of the whole: RUNNING as soon as one task runs, ... */
	enum job_phase phase;
	const char *reason;
	uint64_t exit_status; /* of the part that speaks for the whole; JOB_NONE: forgotten */
	uint64_t start, end; /* of the whole, 0 if it has not; the lead's start may be an estimate */
	const char *cancelled_by; /* "" if nobody is known to have; borrowed */
	struct json_object *kept; /* borrowed: view_before.kept */
	bool is_array;
	struct indexes all, pending, running, completed, failed; /* arrays only */
};

/* What the object says already and slurmctld does not tell again; NULL where it says nothing. */
struct view_before {
	const char *completed, *failed; /* an array's indexes: tasks may be forgotten meanwhile */
	const char *cancelled_by;
	uint64_t start; /* of an array: its first task may be forgotten; 0: not yet */
	struct json_object *kept; /* fields_kept(): of fields that Slurm does not tell; NULL: none */
};

/* Fold.
 * Returns 0, or -1 without memory. cluster, group and before have to outlive the view; view_free()
 * frees the sets. */
int view_make(const char *cluster, const struct job_group *group, const struct view_before *before,
	      struct view *ret);

void view_free(struct view *v);

#endif
