/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the Slurm thread's answers say about jobs. */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/filter.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/namespace.h"

static void note_ids(struct agent *a, const struct job_group *group)
{
	for (size_t i = 0; i < group->n; i++)
		if (group->jobs[i]->id > a->highest_id && group->jobs[i]->id < UINT32_MAX)
			a->highest_id = (uint32_t)group->jobs[i]->id;
}

static bool group_ended(const struct job_group *group)
{
	for (size_t i = 0; i < group->n; i++)
		if (group->jobs[i]->phase == PHASE_PENDING || group->jobs[i]->phase == PHASE_RUNNING)
			return false;
	return true;
}

/* The entry for a group; a new one if the job has no object yet. */
struct entry *inbound_entry(struct agent *a, const struct job_group *group)
{
	_cleanup_free_ char *namespace = namespace_of(a->config.namespace, group->jobs[0]);
	_cleanup_free_ char *name = object_name(a->cluster, group->key);
	struct entry *e = entry_find(&a->entries, group->key);

	if (!namespace || !name)
		return NULL;
	if (!e)
		return entry_add(&a->entries, group->key, namespace, name);
	/* Account and partition may change: the object stays where it was made. Only an agent can have
	 * written its status. */
	if (e->exists && e->submit && (uint64_t)e->submit == group->jobs[0]->submit)
		return e;
	if (!e->born_here && strcmp(e->namespace, namespace) && !e->in_flight) {
		/* An object of that name elsewhere: not the mirror, whatever it says. */
		entry_forget_object(e, NULL);
		entry_move(&a->entries, e, namespace);
	}
	return e;
}

/* slurmdbd was asked only who cancelled a job, or what it used. Returns true if so. */
static bool take_more(struct agent *a, const struct job_group *group)
{
	struct entry *e = entry_find(&a->entries, group->key);

	if (!e || e->past_asked)
		return !e;
	if (e->who_asked && group->jobs[0]->cancelled_by[0] && !e->cancelled_by) {
		entry_set(&e->cancelled_by, group->jobs[0]->cancelled_by);
		slurm_thread_ask(a->slurm, ASK_JOB, e->id, true);
	}
	if (e->ended && !details_past(a, e, group))
		details_want_usage(a, e);
	return true;
}

/* Its id was another job's before, whose object is still there: that goes, if it is a mirror. */
static void replace(struct agent *a, struct entry *e)
{
	log_info("job %u: another job has its id now", e->id);
	if (!e->born_here) {
		e->replaced = true;
		return;
	}
	if (!e->ended)
		write_lost(a, e);
	entry_unbind(&a->entries, e);
}

/* A requeue makes the submission later, too, and counts. */
static bool is_another(const struct entry *e, const struct job_group *group)
{
	const struct job *lead = group->jobs[0];

	return e->exists && e->submit && !group->accounted && !lead->restarts &&
	       lead->submit != (uint64_t)e->submit && !e->replaced;
}

/* What was asked later has been answered before. That need not be newer in slurmctld's eyes, and this one
 * is not handed over again: a third look tells. */
static void was_overtaken(struct agent *a, const struct entry *e)
{
	if (e->id)
		slurm_thread_ask(a->slurm, ASK_JOB, e->id, true);
}

/* Takes the group over. */
static void take_group(struct agent *a, struct slurm_result *r, struct job_group **group)
{
	struct entry *e;

	note_ids(a, *group);
	if (submit_claims(a, *group))
		return;
	e = entry_find(&a->entries, (*group)->key);
	if (e && r->asked_us < e->fresh_from) {
		was_overtaken(a, e);
		return;
	}
	if (tomb_is(a, (*group)->key, (*group)->jobs[0]->submit) && !(e && e->exists)) {
		if (e)
			sync_drop(a, e);
		return;
	}
	if (!e && !filter_takes(&a->config, (*group)->jobs[0]))
		return;
	if (e && is_another(e, *group))
		replace(a, e);
	e = inbound_entry(a, *group);
	if (!e)
		return;
	e->gone = (*group)->accounted;
	if (!e->gone)
		e->fresh_from = r->asked_us;
	/* Of what slurmctld has now, slurmdbd may be asked again one day. */
	e->past_asked = e->past_asked && e->gone;
	note_change(&e->notes, r->asked_us);
	details_group(a, e, *group);
	job_group_free(e->wanted);
	e->wanted = TAKE_PTR(*group);
	sync_enqueue(a, e);
}

#define PAST_AGAIN 5000000

/* slurmdbd learns of things later than slurmctld: what it says of a job that slurmctld has forgotten may be
 * how it ran, or be of an earlier job of that id. Then it is asked again. */
static bool is_too_early(struct agent *a, const struct job_group *group)
{
	struct entry *e = entry_find(&a->entries, group->key);

	if (!e || !e->past_asked || !e->exists || !group->accounted)
		return false;
	if (group_ended(group) && group->jobs[0]->submit >= (uint64_t)e->submit &&
	    !job_may_be_told_more(group->jobs[0], time(NULL)))
		return false;
	lane_set(&a->lane, e, LANE_USAGE, clock_us() + PAST_AGAIN);
	return true;
}

/* Neither slurmctld nor slurmdbd has it: the truth about its end is lost, and that is the truth. */
static void lost(struct agent *a, struct entry *e)
{
	e->gone = true;
	if (e->deleting) {
		sync_enqueue(a, e);
		return;
	}
	log_warning("job %u: Slurm has forgotten it before its end was seen", e->id);
	write_lost(a, e);
}

/* slurmctld has no such job any more. */
static void gone(struct agent *a, uint32_t id)
{
	struct entry *e = entry_find(&a->entries, id);

	if (!e)
		return;
	if (e->wanted && !e->exists) {
		return; /* its last state is about to be written */
	}
	if (e->exists && !e->ended && !e->past_asked && !e->deleting) {
		e->past_asked = true;
		slurm_thread_ask(a->past, ASK_PAST, id, false);
		return;
	}
	e->gone = true;
	if (e->deleting || edit_is_late(e))
		sync_enqueue(a, e);
	else if (!e->exists)
		sync_drop(a, e);
}

/* A whole list: whoever is not in it is gone. */
static void take_absent(struct agent *a, const struct slurm_result *r)
{
	struct entry *e, *tmp;

	HASH_ITER(by_id, a->entries.by_id, e, tmp) {
		if (!e->gone && r->asked_us >= e->fresh_from &&
		    !job_ids_have(r->ids, r->n_ids, e->id))
			gone(a, e->id);
	}
	tombs_prune(a, r->ids, r->n_ids);
}

static void note_health(struct agent *a, const struct slurm_result *r)
{
	if (r->failed && !a->slurm_down)
		log_warning("Slurm: %s; objects keep their last state until it answers", r->err.text);
	else if (!r->failed && a->slurm_down) {
		log_info("Slurm answers again");
		slurm_thread_ask(a->slurm, ASK_CONF, 0, false);
	}
	a->slurm_down = r->failed;
}

static void note_call(struct agent *a, const struct slurm_result *r)
{
	static const struct {
		enum metric_times times;
		enum metric_counter failed;
	} rows[] = {
		[ASK_QUEUE] = { TIMES_SLURM_QUEUE, COUNT_SLURM_FAILED_QUEUE },
		[ASK_JOB] = { TIMES_SLURM_JOB, COUNT_SLURM_FAILED_JOB },
		[ASK_CONF] = { TIMES_SLURM_OTHER, COUNT_SLURM_FAILED_OTHER },
		[ASK_PARTITIONS] = { TIMES_SLURM_OTHER, COUNT_SLURM_FAILED_OTHER },
		[ASK_STEPS] = { TIMES_SLURM_OTHER, COUNT_SLURM_FAILED_OTHER },
		[ASK_PAST] = { TIMES_SLURM_PAST, COUNT_SLURM_FAILED_PAST },
		[ASK_ENDED] = { TIMES_SLURM_PAST, COUNT_SLURM_FAILED_PAST },
		[ASK_STAMP] = { TIMES_SLURM_PAST, COUNT_SLURM_FAILED_PAST },
	};

	if (r->ask >= ARRAY_SIZE(rows))
		return;
	metrics_time(&a->metrics, rows[r->ask].times, (double)r->spent_us / 1e6);
	if (r->failed)
		metrics_count(&a->metrics, rows[r->ask].failed);
}

/* -- an answer of each kind ----------------------------------------------------------------- */

/* Of the job that was asked about, before its group is taken. */
static bool has_ended(const struct slurm_result *r)
{
	for (size_t i = 0; i < r->n_groups; i++)
		if (r->groups[i]->key == r->job_id)
			return group_ended(r->groups[i]);
	return r->gone;
}

static void take_groups(struct agent *a, struct slurm_result *r)
{
	for (size_t i = 0; i < r->n_groups && r->ask != ASK_ENDED; i++)
		if (r->ask != ASK_PAST || (!take_more(a, r->groups[i]) && !is_too_early(a, r->groups[i])))
			take_group(a, r, &r->groups[i]);
}

static void take_queue(struct agent *a, const struct slurm_result *r)
{
	if (!r->failed && !r->unchanged)
		take_absent(a, r);
	if (!r->failed)
		history_looked(a, r);
	if (!r->failed && r->whole)
		submit_queue_seen(a, r->asked_us);
	look_polled(a, r);
}

static void take_job(struct agent *a, const struct slurm_result *r, bool ended)
{
	if (r->gone)
		gone(a, r->job_id);
	if (r->failed)
		a->poll_whole = true; /* whoever asked still waits for the job's data */
	look_answered(a, r, ended);
}

static void take_past(struct agent *a, const struct slurm_result *r)
{
	struct entry *e = entry_find(&a->entries, r->job_id);

	if (e && !e->past_asked) { /* it was only about what slurmctld does not tell */
		if (e->ended && (r->failed || r->gone))
			details_want_usage(a, e);
	} else if (e && r->failed) {
		log_warning("job %u: %s", r->job_id, r->err.text);
		e->past_asked = false; /* the next look at the queue asks again */
	} else if (e && r->gone) {
		lost(a, e);
	}
}

static void take_result(struct agent *a, struct slurm_result *r)
{
	bool ended = has_ended(r);

	note_call(a, r);
	if (r->ask == ASK_QUEUE || r->ask == ASK_JOB)
		note_health(a, r);
	take_groups(a, r);
	switch (r->ask) {
	case ASK_QUEUE:
		take_queue(a, r);
		break;
	case ASK_JOB:
		take_job(a, r, ended);
		break;
	case ASK_STAMP:
		submit_past_seen(a, r);
		break;
	case ASK_CONF:
		if (!r->failed)
			a->job_submit_kube = r->job_submit_kube;
		break;
	case ASK_PARTITIONS:
		break; /* partitions.c has taken it */
	case ASK_STEPS:
		details_steps(a, r);
		break;
	case ASK_ENDED:
		history_take(a, r);
		break;
	case ASK_PAST:
		take_past(a, r);
		break;
	}
}

void inbound_slurm(struct agent *a)
{
	struct slurm_result *r;

	while ((r = slurm_thread_next(a->slurm)) || (r = slurm_thread_next(a->past))) {
		partitions_take(a, r);
		take_result(a, r);
		slurm_result_free(r);
	}
}
