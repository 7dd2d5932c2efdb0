/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps and usage: from doorbells, slurmctld's list of steps and slurmdbd into an entry's details,
 * and from there, when there is time or along with another write, into the object.
 *
 * A doorbell names the job by its own id. Where that is an array's task, a component, or a job not
 * yet seen, its facts wait for the look at that job which the doorbell also leads to. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/kubelet/kubelet.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/details.h"
#include "sync-agent/mirror/step_files.h"
#include "sync-agent/pods/job_pod.h"

#define SECOND INT64_C(1000000)
#define WRITE_AFTER (3 * SECOND)  /* what has changed may change again soon */
#define STEPS_AFTER (1 * SECOND)  /* from a doorbell to the question for steps */
#define STEPS_EVERY (60 * SECOND) /* in case doorbells were lost */
#define STEPS_FACTOR 100          /* of slurmctld's time, a hundredth */
#define WAITING_MOST 4096         /* facts of jobs not yet known */
#define WAITING_LONGEST (60 * SECOND)
#define COMPONENTS_MOST 128       /* ids after its leader's */

static const int64_t usage_pauses[] = { 5 * SECOND, 15 * SECOND, 60 * SECOND, 300 * SECOND };

/* -- an entry's details --------------------------------------------------------------------- */

static struct json_object *details_load(const struct entry *e)
{
	struct json_object *o = json_of_text(e->details);

	return o ? o : json_object_new_object();
}

static void store(struct agent *a, struct entry *e, struct json_object *details)
{
	entry_set(&e->details, json_object_to_json_string_ext(details, JSON_C_TO_STRING_PLAIN));
	e->details_dirty = true;
	if (!e->lane.due[LANE_DETAILS])
		lane_set(&a->lane, e, LANE_DETAILS, clock_us() + WRITE_AFTER);
	if (a->config.pods_scheduler || a->nodes.clearing)
		job_pod_steps(a, e);
	kubelet_pod(a, e->namespace, e->name); /* a step that is followed may have ended */
}

/* Which files are the steps' own, as far as Slurm tells. */
static void settle_files(struct entry *e, const struct job_group *group, struct step *steps, size_t n)
{
	_cleanup_json_ struct json_object *current = NULL;
	const struct job *lead = group ? group->jobs[0] : NULL;
	struct step_job job = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (!steps[i].out && !steps[i].err)
			continue;
		if (lead)
			job = (struct step_job){ lead->name, lead->work_dir };
		else if (!current && (current = entry_current(e)))
			job = (struct step_job){ json_get_string(current, "jobName"),
						 json_get_string(current, "workingDir") };
		step_files_settle(&steps[i], &job);
	}
}

static void note_step(struct agent *a, struct entry *e, const struct step *step)
{
	_cleanup_json_ struct json_object *details = NULL;

	if (e->details_away)
		return; /* slurmdbd has told all of it */
	details = details_load(e);
	if (details_note_step(details, step))
		store(a, e, details);
}

static void note_group(struct agent *a, struct entry *e, const struct job_group *group)
{
	_cleanup_json_ struct json_object *details = NULL;
	bool changed = false;

	if (e->details_away)
		return;
	details = details_load(e);
	settle_files(e, group, group->steps.list, group->steps.n);
	for (size_t i = 0; i < group->steps.n; i++)
		changed |= details_note_step(details, &group->steps.list[i]);
	changed |= details_note_ended(details, (time_t)group->jobs[0]->end);
	changed |= details_note_usage(details, &group->usage);
	e->usage_done = true;
	if (changed)
		store(a, e, details);
}

/* -- doorbells ------------------------------------------------------------------------------ */

/* A step's doorbells, waiting for their job to be seen. */
struct waiting {
	uint32_t job_id;
	int64_t since;
	struct step step;
	struct waiting *next; /* of the same job */
	UT_hash_handle hh;
};

static struct step from_bell(const struct doorbell *bell)
{
	bool ended = bell->kind == DOORBELL_STEP_END;
	time_t when = (time_t)(bell->time_us / SECOND);

	return (struct step){
		.job_id = bell->job_id,
		.het_offset = STEP_NO_HET,
		.number = bell->step_id,
		.state = !ended ? "RUNNING" :
			 bell->exit_code == 0 ? "COMPLETED" : bell->exit_code > 0 ? "FAILED" : NULL,
		.container = bell->image[0] ? strdup(bell->image) : NULL,
		.digest = bell->digest[0] ? strdup(bell->digest) : NULL,
		.start = ended ? 0 : when,
		.end = ended ? when : 0,
		.exit_status = ended && bell->exit_code >= 0 ? (uint32_t)bell->exit_code :
							      STEP_NO_STATUS,
		.startup_us = bell->startup_us,
	};
}

static void forget_waiting(struct agent *a, struct waiting *first)
{
	HASH_DEL(a->waiting, first);
	for (struct waiting *w = first, *next; w; w = next) {
		next = w->next;
		step_free(&w->step);
		free(w);
		a->n_waiting--;
	}
}

/* In the order in which they came. */
static void wait_for_job(struct agent *a, const struct step *step)
{
	struct waiting *first, *w;

	if (a->n_waiting >= WAITING_MOST)
		return;
	w = calloc(1, sizeof(*w));
	if (!w)
		return;
	w->job_id = step->job_id;
	w->since = clock_us();
	w->step = *step;
	a->n_waiting++;
	HASH_FIND(hh, a->waiting, &w->job_id, sizeof(w->job_id), first);
	if (!first) {
		HASH_ADD(hh, a->waiting, job_id, sizeof(w->job_id), w);
		return;
	}
	while (first->next)
		first = first->next;
	first->next = w;
}

void details_bell(struct agent *a, const struct doorbell *bell)
{
	struct step step = from_bell(bell);
	struct entry *e = entry_find(&a->entries, bell->job_id);

	if (!a->steps_due)
		a->steps_due = clock_us() + STEPS_AFTER;
	/* The array's own id may be that of one of its tasks. */
	if (e && !e->parts) {
		note_step(a, e, &step);
		step_free(&step);
	} else {
		unsigned before = a->n_waiting;

		wait_for_job(a, &step);
		if (a->n_waiting == before)
			step_free(&step);
	}
}

/* The doorbells that waited for this job. */
static void take_waiting(struct agent *a, struct entry *e, const struct job *job)
{
	uint32_t id = (uint32_t)job->id;
	struct waiting *first;

	HASH_FIND(hh, a->waiting, &id, sizeof(id), first);
	if (!first)
		return;
	for (struct waiting *w = first; w; w = w->next) {
		struct step step = w->step;

		if (job->array_id && job->array_task < UINT32_MAX) {
			step.array_id = (uint32_t)job->array_id;
			step.array_task = (uint32_t)job->array_task;
		}
		if (job->het_id && job->het_offset < UINT32_MAX)
			step.het_offset = (uint32_t)job->het_offset;
		note_step(a, e, &step);
	}
	forget_waiting(a, first);
}

void details_group(struct agent *a, struct entry *e, const struct job_group *group)
{
	bool running = false;

	e->parts = group->jobs[0]->array_id ? PARTS_ARRAY :
		   group->jobs[0]->het_id   ? (group->n < PARTS_ARRAY ? (uint8_t)group->n : PARTS_ARRAY - 1) :
					      0;
	for (size_t i = 0; i < group->n && HASH_COUNT(a->waiting); i++)
		take_waiting(a, e, group->jobs[i]);
	for (size_t i = 0; i < group->n && !running; i++)
		running = group->jobs[i]->phase == PHASE_RUNNING;
	if (running && !e->has_run && !a->steps_due)
		a->steps_due = clock_us() + STEPS_AFTER;
	e->has_run |= running;
	if (group->accounted)
		note_group(a, e, group);
}

/* -- slurmctld's steps ---------------------------------------------------------------------- */

static int by_job(const void *a, const void *b)
{
	const struct step *x = a, *y = b;
	uint32_t kx = x->array_id ? x->array_id : x->job_id;
	uint32_t ky = y->array_id ? y->array_id : y->job_id;

	if (kx != ky)
		return kx < ky ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

/* The entry of a component is that of its leader, whose id comes before those of the others. */
static struct entry *entry_of(struct agent *a, const struct step *step)
{
	uint32_t id = step->array_id ? step->array_id : step->job_id;
	struct entry *e = entry_find(&a->entries, id);

	for (uint32_t back = 1; !e && !step->array_id && back < COMPONENTS_MOST && back < id; back++) {
		e = entry_find(&a->entries, id - back);
		if (e && (e->parts == PARTS_ARRAY || e->parts <= back))
			e = NULL;
	}
	return e;
}

static void note_running(struct agent *a, struct entry *e, const struct step_list *list)
{
	_cleanup_json_ struct json_object *details = NULL;
	bool changed = false;

	if (e->details_away || e->ended)
		return;
	details = details_load(e);
	settle_files(e, e->wanted, list->list, list->n);
	/* Of an array or a heterogeneous job these may be the steps of one part. */
	if (!e->parts)
		changed = details_note_running(details, list, time(NULL));
	for (size_t i = 0; e->parts && i < list->n; i++)
		changed |= details_note_step(details, &list->list[i]);
	e->steps_seen = list->n > 0;
	if (changed)
		store(a, e, details);
}

void details_steps(struct agent *a, struct slurm_result *r)
{
	struct step_list none = { 0 };
	struct entry *e, *tmp;

	a->steps_asked = false;
	a->steps_not_before = clock_us() + r->spent_us * STEPS_FACTOR;
	if (r->failed)
		log_debug("%s", r->err.text);
	if (r->failed || r->unchanged)
		return;
	HASH_ITER(by_id, a->entries.by_id, e, tmp)
		e->steps_listed = false;
	qsort(r->steps.list, r->steps.n, sizeof(*r->steps.list), by_job);
	for (size_t i = 0, next; i < r->steps.n; i = next) {
		struct step *first = &r->steps.list[i];
		uint32_t key = first->array_id ? first->array_id : first->job_id;

		for (next = i + 1; next < r->steps.n; next++) {
			const struct step *s = &r->steps.list[next];

			if ((s->array_id ? s->array_id : s->job_id) != key)
				break;
		}
		e = entry_of(a, first);
		if (!e)
			continue;
		note_running(a, e, &(struct step_list){ next - i, first });
		e->steps_listed = true;
	}
	HASH_ITER(by_id, a->entries.by_id, e, tmp)
		if (e->steps_seen && !e->steps_listed)
			note_running(a, e, &none);
}

static void forget_old(struct agent *a, int64_t now)
{
	struct waiting *w, *tmp;

	HASH_ITER(hh, a->waiting, w, tmp)
		if (now - w->since > WAITING_LONGEST)
			forget_waiting(a, w);
}

int64_t details_run(struct agent *a)
{
	int64_t now = clock_us(), due;

	if (!a->listed || a->steps_asked)
		return INT64_MAX;
	if (!a->steps_every)
		a->steps_every = now + STEPS_EVERY;
	due = a->steps_due && a->steps_due < a->steps_every ? a->steps_due : a->steps_every;
	if (due < a->steps_not_before)
		due = a->steps_not_before;
	if (now < due)
		return due;
	forget_old(a, now);
	a->steps_asked = true;
	a->steps_due = 0;
	a->steps_every = now + STEPS_EVERY;
	slurm_thread_ask(a->slurm, ASK_STEPS, 0, false);
	return INT64_MAX;
}

/* -- usage ---------------------------------------------------------------------------------- */

void details_want_usage(struct agent *a, struct entry *e)
{
	if (!a->accounting || e->usage_done || e->lane.due[LANE_USAGE])
		return;
	if (e->usage_tries >= ARRAY_SIZE(usage_pauses)) {
		e->usage_done = true;
		entry_rest_details(e);
		return;
	}
	lane_set(&a->lane, e, LANE_USAGE, clock_us() + usage_pauses[e->usage_tries++]);
}

bool details_past(struct agent *a, struct entry *e, const struct job_group *group)
{
	const struct job *lead = group->jobs[0];

	for (size_t i = 0; i < group->n; i++)
		if (!group->jobs[i]->end || group->jobs[i]->phase == PHASE_PENDING ||
		    group->jobs[i]->phase == PHASE_RUNNING)
			return false;
	/* The id may have been another job's before. */
	if (e->submit && lead->submit != (uint64_t)e->submit)
		return false;
	note_group(a, e, group);
	return true;
}

void details_free(struct agent *a)
{
	struct waiting *w, *tmp;

	HASH_ITER(hh, a->waiting, w, tmp)
		forget_waiting(a, w);
}
