/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/view.h"

#include <string.h>

/* Which record speaks for the whole: the lower, the sooner. A whole that still runs is running,
 * however many of its parts have ended; one that has ended is as good as its worst part. */
static int weight(const struct job *job)
{
	static const int by_phase[] = {
		[PHASE_RUNNING] = 1,
		[PHASE_PENDING] = 3,
		[PHASE_FAILED] = 4,
		[PHASE_COMPLETED] = 6,
	};
	int w = by_phase[job->phase];

	if (job->phase == PHASE_RUNNING && strcmp(job->state, "RUNNING"))
		w = 2; /* SUSPENDED, COMPLETING, CONFIGURING */
	if (job->phase == PHASE_FAILED && !strcmp(job->state, "CANCELLED"))
		w = 5; /* the others tell more */
	return w;
}

static int add_task(struct view *v, const struct job *job)
{
	static const size_t set_of[] = {
		[PHASE_PENDING] = offsetof(struct view, pending),
		[PHASE_RUNNING] = offsetof(struct view, running),
		[PHASE_COMPLETED] = offsetof(struct view, completed),
		[PHASE_FAILED] = offsetof(struct view, failed),
	};
	struct indexes *set = (struct indexes *)((char *)v + set_of[job->phase]);

	if (job->array_task != JOB_NONE)
		return indexes_add(set, job->array_task);
	if (job->array_tasks[0])
		return indexes_parse(set, job->array_tasks, NULL);
	return 0;
}

static int fold_array(struct view *v, const struct view_before *before)
{
	const struct indexes *live[] = { &v->pending, &v->running };
	const struct indexes *sets[] = { &v->pending, &v->running, &v->completed, &v->failed };

	if (indexes_parse(&v->completed, before->completed ? before->completed : "", NULL) < 0 ||
	    indexes_parse(&v->failed, before->failed ? before->failed : "", NULL) < 0)
		return -1;
	for (size_t i = 0; i < v->group->n; i++)
		if (add_task(v, v->group->jobs[i]) < 0)
			return -1;
	/* What was requeued has not ended after all. */
	for (size_t i = 0; i < 2; i++) {
		indexes_remove(&v->completed, live[i]);
		indexes_remove(&v->failed, live[i]);
	}
	indexes_remove(&v->failed, &v->completed);
	for (size_t i = 0; i < 4; i++)
		if (indexes_join(&v->all, sets[i]) < 0)
			return -1;
	return 0;
}

int view_make(const char *cluster, const struct job_group *group, const struct view_before *before,
	      struct view *ret)
{
	const struct job *speaker = group->jobs[0];
	struct view v = { .cluster = cluster, .lead = group->jobs[0], .group = group };

	v.is_array = v.lead->array_id != 0;
	for (size_t i = 1; i < group->n; i++)
		if (weight(group->jobs[i]) < weight(speaker))
			speaker = group->jobs[i];
	v.state = speaker->state;
	v.phase = speaker->phase;
	v.reason = speaker->reason;
	v.exit_status = speaker->exit_status;
	v.cancelled_by = speaker->cancelled_by[0] || !before->cancelled_by ? speaker->cancelled_by :
									     before->cancelled_by;
	if (v.is_array && fold_array(&v, before) < 0) {
		view_free(&v);
		return -1;
	}
	/* Tasks that failed and are forgotten still make the whole a failure. */
	if (v.phase == PHASE_COMPLETED && indexes_count(&v.failed) > 0) {
		v.state = "FAILED";
		v.phase = PHASE_FAILED;
	}
	*ret = v;
	return 0;
}

void view_free(struct view *v)
{
	indexes_free(&v->all);
	indexes_free(&v->pending);
	indexes_free(&v->running);
	indexes_free(&v->completed);
	indexes_free(&v->failed);
}
