/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/view.h"

#include <errno.h>
#include <string.h>

#include "common/cleanup.h"

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

/* What is no list of indexes adds nothing: an object can be repaired, and not by giving up on it. */
static int add_list(struct indexes *set, const char *text)
{
	struct error err = { 0 };

	return text && indexes_parse(set, text, &err) < 0 && err.code != EINVAL ? -1 : 0;
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

	if (job->array_task < INDEXES_MAX)
		return indexes_add(set, (uint32_t)job->array_task);
	return add_list(set, job->array_tasks);
}

/* Add to set what the object says of tasks that no record tells of any more. */
static int remember(struct view *v, struct indexes *set, const char *before)
{
	struct indexes forgotten = { 0 };
	int rc = add_list(&forgotten, before);

	indexes_remove(&forgotten, &v->all);
	if (rc == 0)
		rc = indexes_join(set, &forgotten);
	if (rc == 0)
		rc = indexes_join(&v->all, &forgotten);
	indexes_free(&forgotten);
	return rc;
}

static int fold_array(struct view *v, const struct view_before *before)
{
	const struct indexes *sets[] = { &v->pending, &v->running, &v->completed, &v->failed };

	for (size_t i = 0; i < v->group->n; i++)
		if (add_task(v, v->group->jobs[i]) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		if (indexes_join(&v->all, sets[i]) < 0)
			return -1;
	if (remember(v, &v->completed, before->completed) < 0 ||
	    remember(v, &v->failed, before->failed) < 0)
		return -1;
	return 0;
}

/* An array starts with its first task and ends with its last; its own record may be pending yet,
 * with the scheduler's estimate as its start. */
static void fold_times(struct view *v, const struct view_before *before)
{
	v->start = v->is_array && v->phase != PHASE_PENDING ? before->start : 0;
	for (size_t i = 0; i < v->group->n; i++) {
		const struct job *job = v->group->jobs[i];

		if (job->phase == PHASE_PENDING)
			continue;
		if (job->start && (!v->start || job->start < v->start))
			v->start = job->start;
		if (job->end > v->end)
			v->end = job->end;
	}
}

int view_make(const char *cluster, const struct job_group *group, const struct view_before *before,
	      struct view *ret)
{
	const struct job *speaker = group->jobs[0];
	struct view v = { .cluster = cluster, .lead = group->jobs[0], .group = group,
			  .kept = before->kept };

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
		v.exit_status = JOB_NONE;
	}
	fold_times(&v, before);
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
