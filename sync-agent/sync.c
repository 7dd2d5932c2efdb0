/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an entry needs next. Level-triggered: each time the whole of object and job is compared, one
 * write or action is started, and its answer brings the entry back here. */
#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <utlist.h>

#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/kubelet/kubelet.h"
#include "sync-agent/fence.h"
#include "sync-agent/edit.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/details.h"

#define RETRY_FIRST 50000     /* microseconds */
#define RETRY_LAST 60000000
#define LANE_SPACING 25000    /* between two writes of the lane: a twentieth of what the API can do */
#define TRIM_FROM 1000        /* entries */
#define LANE_AGAIN 1000000    /* something else of that object is under way */
#define LABEL_DELAY 30000000  /* a state that lasts shorter gets no label of its own */

/* -- queues --------------------------------------------------------------------------------- */

static void move_to(struct agent *a, struct entry *e, enum entry_queue queue)
{
	if (e->queue != QUEUE_NONE)
		DL_DELETE(a->queues[e->queue], e);
	a->queued[e->queue]--;
	a->queued[queue]++;
	e->queue = queue;
	if (queue != QUEUE_NONE)
		DL_APPEND(a->queues[queue], e);
}

void sync_enqueue(struct agent *a, struct entry *e)
{
	e->as_written = false;
	if (e->queue != QUEUE_READY)
		move_to(a, e, QUEUE_READY);
}

void sync_retry(struct agent *a, struct entry *e)
{
	int64_t pause = RETRY_FIRST;

	for (unsigned i = 0; i < e->tries && pause < RETRY_LAST; i++)
		pause *= 2;
	e->tries++;
	e->not_before = clock_us() + pause;
	move_to(a, e, QUEUE_DELAYED);
}

void sync_wait(struct agent *a, struct entry *e, int64_t until)
{
	e->not_before = until;
	move_to(a, e, QUEUE_DELAYED);
}

void sync_drop(struct agent *a, struct entry *e)
{
	if (e->in_flight || e->acting)
		return;
	submit_forget(a, e);
	move_to(a, e, QUEUE_NONE);
	lane_remove(&a->lane, e);
	finished_uncount(a, e);
	entry_remove(&a->entries, e);
}

void sync_taken(struct agent *a, struct entry *e)
{
	if (!e->exists || !e->state[0] || !strcmp(e->label, e->state))
		lane_unset(&a->lane, e, LANE_LABEL);
	else if (!e->lane.due[LANE_LABEL])
		lane_set(&a->lane, e, LANE_LABEL,
			 clock_us() + (a->once || !e->label[0] ? 0 : LABEL_DELAY));
	finished_note(a, e);
	results_taken(a, e);
	kubelet_taken(a, e);
}

/* -- one entry ------------------------------------------------------------------------------ */

static void forget_wanted(struct entry *e)
{
	job_group_free(e->wanted);
	e->wanted = NULL;
}

static bool has_ended(const struct view *v)
{
	return v->phase == PHASE_COMPLETED || v->phase == PHASE_FAILED;
}

/* kubectl delete: cancel, wait for the end, let the object go. */
static void advance_deletion(struct agent *a, struct entry *e, const struct view *v)
{
	if (!e->finalizer)
		return;
	if (results_hold(a, e))
		return; /* it comes back when they are collected */
	if (e->orphan || !v || has_ended(v)) {
		if (v || e->submit)
			tomb_add(a, e->id, v ? v->lead->submit : (uint64_t)e->submit);
		write_finalizer_off(a, e);
		return;
	}
	if (!e->cancelled)
		act_cancel(a, e, v->lead);
}

/* Only slurmdbd knows who cancelled a job. */
static void ask_who(struct agent *a, struct entry *e, const struct view *v)
{
	if (strcmp(v->state, "CANCELLED") || v->cancelled_by[0] || e->who_asked)
		return;
	e->who_asked = true;
	look_who(a, e->id);
}

static void add_details(const struct entry *e, const struct view *v, struct json_object *status)
{
	_cleanup_json_ struct json_object *details = json_of_text(e->details);

	if (!has_ended(v) && !results_are_wrong(e))
		details_take_results(details, NULL);
	details_add(status, details);
}

/* Object and job agree. */
static void settle(struct agent *a, struct entry *e, const struct view *v)
{
	note_in_sync(&a->metrics, &e->notes, v);
	entry_set(&e->sent, NULL);
	entry_set(&e->known, NULL);
	edit_forget(e);
	e->settled = true;
	e->tries = 0;
	ask_who(a, e, v);
	/* A deletion still needs the job's data. */
	if (!e->deleting)
		forget_wanted(e);
}

static void advance_status(struct agent *a, struct entry *e, const struct view *v)
{
	_cleanup_json_ struct json_object *status = object_status(v, entry_synced(e), e->generation);
	char submitted[17];

	entry_submitted_hash(e, submitted);
	if (submitted[0])
		json_set_string(status, "submittedHash", submitted);
	if (object_status_hash(status) != e->status_hash) {
		if (e->details_away && !a->dry_run) {
			write_fetch(a, e);
			return;
		}
		event_transition(a, e, v);
		e->notes.told = true;
		add_details(e, v, status);
		if (strcmp(e->state, v->state))
			lane_unset(&a->lane, e, LANE_LABEL);
		write_status(a, e, status);
		return;
	}
	settle(a, e, v);
}

static struct view_before before_of(const struct entry *e)
{
	return (struct view_before){ .completed = e->completed, .failed = e->failed,
				     .cancelled_by = e->cancelled_by, .start = (uint64_t)e->started };
}

void sync_made(struct agent *a, struct entry *e)
{
	sync_enqueue(a, e);
	e->as_written = true;
	/* Without a status it tells nothing: it is next. */
	DL_DELETE(a->queues[QUEUE_READY], e);
	DL_PREPEND(a->queues[QUEUE_READY], e);
}

void sync_written(struct agent *a, struct entry *e)
{
	struct view_before before = before_of(e);
	struct view v;

	if (!e->as_written || e->deleting || !e->wanted ||
	    view_make(a->cluster, e->wanted, &before, &v) < 0) {
		sync_enqueue(a, e);
		return;
	}
	settle(a, e, &v);
	view_free(&v);
}

static void advance(struct agent *a, struct entry *e)
{
	struct view_before before = before_of(e);
	_cleanup_json_ struct json_object *kept = NULL;
	struct view v;

	if (e->in_flight || e->acting)
		return;
	if (e->exists && !e->deleting && (e->expired || e->replaced)) {
		write_drop(a, e);
		return;
	}
	if (e->born_here && !e->id) {
		submit_advance(a, e);
		return;
	}
	if (!e->wanted) {
		if (e->deleting && e->gone)
			advance_deletion(a, e, NULL);
		else if (edit_is_late(e))
			edit_advance_late(a, e);
		return;
	}
	before.kept = kept = edit_kept(e, e->wanted->jobs[0]->restarts);
	if (view_make(a->cluster, e->wanted, &before, &v) < 0) {
		log_error("job %u: out of memory", e->id);
		sync_retry(a, e);
		return;
	}
	if (!e->exists && tomb_is(a, e->id, v.lead->submit))
		forget_wanted(e); /* it was deleted on purpose */
	else if (!e->exists && namespace_ready(a, e, v.lead->user))
		write_create(a, e, &v);
	else if (!e->exists)
		; /* its namespace is looked at */
	else if (e->deleting && !e->cancelled)
		advance_deletion(a, e, &v);
	else if (e->deleting || e->as_written || !edit_advance(a, e, &v))
		advance_status(a, e, &v);
	if (e->exists && e->deleting && e->cancelled && !e->in_flight && !e->acting)
		advance_deletion(a, e, &v);
	view_free(&v);
}

/* -- the run -------------------------------------------------------------------------------- */

static int64_t wake_delayed(struct agent *a, int64_t now)
{
	int64_t next = INT64_MAX;
	struct entry *e, *tmp;

	DL_FOREACH_SAFE(a->queues[QUEUE_DELAYED], e, tmp) {
		if (e->not_before <= now)
			sync_enqueue(a, e);
		else if (e->not_before < next)
			next = e->not_before;
	}
	return next;
}

/* Something that has time has come due. Returns true if that was a write. */
static bool run_lane_work(struct agent *a, struct entry *e, enum lane_work work)
{
	if (work == LANE_USAGE) {
		slurm_thread_ask(a->past, ASK_PAST, e->id, false);
		return false;
	}
	if (!e->exists || e->deleting)
		return false;
	if (e->in_flight) {
		lane_set(&a->lane, e, work, clock_us() + LANE_AGAIN);
		return false;
	}
	if (work == LANE_EXPIRE)
		finished_expire(a, e);
	else if (work == LANE_LABEL && strcmp(e->label, e->state))
		write_label(a, e);
	else if (work == LANE_DETAILS && e->details_dirty)
		write_details(a, e);
	else
		return false;
	return true;
}

static int64_t run_lane(struct agent *a, int64_t now)
{
	enum lane_work work = LANE_WORKS;
	struct entry *e;

	while (now >= a->lane_next && (e = lane_take(&a->lane, now, &work)))
		if (run_lane_work(a, e, work))
			a->lane_next = now + LANE_SPACING;
	return a->lane_next > lane_next(&a->lane) ? a->lane_next : lane_next(&a->lane);
}

/* After a long list much that was needed for it lies free between what stays: give it back. */
static void trim(struct agent *a)
{
	if (a->worked < TRIM_FROM)
		return;
	a->worked = 0;
	malloc_trim(0);
}

int64_t sync_run(struct agent *a)
{
	int64_t now = clock_us(), next = wake_delayed(a, now), lane;
	struct entry *e;

	if (fence_passed())
		return INT64_MAX; /* leader_step() knows more */
	if (now < a->kube_pause_until)
		return a->kube_pause_until < next ? a->kube_pause_until : next;
	while ((e = a->queues[QUEUE_READY]) && kube_has_room(a->kube) && !fence_passed()) {
		move_to(a, e, QUEUE_NONE);
		a->worked++;
		advance(a, e);
		if (e->queue == QUEUE_NONE && !e->exists && !e->wanted)
			sync_drop(a, e);
	}
	if (a->queues[QUEUE_READY] || !kube_has_room(a->kube))
		return next;
	trim(a);
	lane = run_lane(a, now);
	return lane < next ? lane : next;
}
