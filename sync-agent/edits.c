/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Edits, from the three-way rule to the write or action that is next. */
#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/edit.h"
#include "sync-agent/mirror/fields.h"
#include "sync-agent/mirror/reconcile.h"

static bool has_ended(const struct view *v)
{
	return v->phase == PHASE_COMPLETED || v->phase == PHASE_FAILED;
}

/* The spec in Slurm's own terms: its dependency may name SlurmJobs. */
static struct json_object *asked_spec(struct agent *a, const struct entry *e)
{
	struct json_object *spec = entry_spec(e);
	const char *text = json_get_string(spec, "dependency");
	struct error err;
	_cleanup_free_ char *ids = text ? submit_dependency(a, e, text, &err) : NULL;

	/* Names that have no job stay: Slurm says what is wrong. */
	if (ids)
		json_set_string(spec, "dependency", ids);
	return spec;
}

/* What Slurm does not tell again of a job that was made with kubectl counts as it was submitted, and so
 * does a dependency that Slurm has dropped because it is fulfilled. */
static void as_submitted(const struct entry *e, const struct view *v, struct json_object *spec,
			 struct json_object *now)
{
	_cleanup_json_ struct json_object *submitted =
		e->submitted ? json_of_text(e->submitted) : entry_spec(e);
	struct json_object *dependency = json_get(spec, "dependency");

	for (size_t i = 0; i < n_fields; i++) {
		struct json_object *value =
			fields[i].whole ? json_get(submitted, fields[i].name) : NULL;

		if (value)
			json_object_object_add(now, fields[i].name, json_object_get(value));
	}
	if (dependency && v->phase != PHASE_PENDING && !json_get(now, "dependency"))
		json_object_object_add(now, "dependency", json_object_get(dependency));
}

static void add_strayed(struct entry *e, struct reconcile_plan *plan)
{
	if (!e->strayed)
		return;
	e->strayed = false;
	plan->refused = true;
	error_set(&plan->refusal, EPERM,
		  "spec.script, environment or container was changed while no agent was there; Slurm "
		  "keeps what was submitted, and spec can't be put back");
}

/* Sent to Slurm and noted in the object, both at once: an agent that dies before it knows what became
 * of it leaves word. What isn't to be sent before that word is there: edit_waits_for_mark(). */
static void send_edit(struct agent *a, struct entry *e, const struct view *v,
		      struct json_object *send)
{
	_cleanup_json_ struct json_object *patch = edit_mark_patch(e, send, v->lead->restarts);
	bool marked = edit_is_marked(e, send);

	if (marked || !edit_waits_for_mark(send)) {
		act_edit(a, e, v->lead, send);
		if (marked || !e->acting)
			return;
	}
	write_mark(a, e, patch, send);
}

bool edit_advance(struct agent *a, struct entry *e, const struct view *v)
{
	_cleanup_json_ struct json_object *spec = asked_spec(a, e), *now = fields_now(v);
	_cleanup_(reconcile_plan_free) struct reconcile_plan plan = { 0 };
	_cleanup_json_ struct json_object *found = NULL;

	if (e->born_here)
		as_submitted(e, v, spec, now);
	edit_plan(e, spec, now, has_ended(v), &plan);
	found = edit_take_found(e, &plan);
	if (found)
		act_found(a, e, v->lead, found);
	if (plan.send) {
		send_edit(a, e, v, plan.send);
		return true;
	}
	add_strayed(e, &plan);
	/* After what was sent, so that its success does not take the refusal back. */
	if (plan.refused)
		act_refuse(a, e, plan.refusal.text);
	if (plan.spec) {
		write_spec(a, e, plan.spec);
		return true;
	}
	return false;
}

bool edit_is_late(const struct entry *e)
{
	return e->exists && e->gone && e->ended && !e->deleting && e->has_current &&
	       e->generation != e->observed;
}

void edit_advance_late(struct agent *a, struct entry *e)
{
	_cleanup_json_ struct json_object *spec = entry_spec(e), *current = entry_current(e);
	struct reconcile_input in = { .spec = spec, .base = current, .now = current,
				      .finished = true, .forgotten = true };
	_cleanup_(reconcile_plan_free) struct reconcile_plan plan = { 0 };

	reconcile(&in, &plan);
	if (plan.refused)
		act_refuse(a, e, plan.refusal.text);
	write_late(a, e, plan.spec);
}
