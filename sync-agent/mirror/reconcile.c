/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/reconcile.h"

#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "sync-agent/mirror/fields.h"
#include "sync-agent/mirror/same.h"
#include "sync-agent/mirror/when.h"

static void add(struct json_object **to, const char *name, struct json_object *value)
{
	if (!*to)
		*to = json_object_new_object();
	json_object_object_add(*to, name, json_object_get(value));
}

/* Take an edit back: the truth into the patch, the reasons to the user as far as there is room. */
static void refuse(struct reconcile_plan *plan, const char *name, struct json_object *truth,
		   const char *why)
{
	add(&plan->spec, name, truth);
	if (plan->refused) {
		size_t used = strlen(plan->refusal.text);

		snprintf(plan->refusal.text + used, sizeof(plan->refusal.text) - used,
			 "; spec.%s: %s", name, why);
	} else {
		error_set(&plan->refusal, EPERM, "spec.%s: %s", name, why);
	}
	plan->refused = true;
}

static bool has(struct json_object *o, const char *name)
{
	return o && json_object_object_get_ex(o, name, NULL);
}

/* What the field held when it was last dealt with. */
static struct json_object *base_of(const struct reconcile_input *in, const struct field *f)
{
	if (has(in->known, f->name))
		return json_member(in->known, f->name);
	/* Where nothing was agreed on, and for what status.current does not tell, Slurm's word is it. */
	return json_member(in->base && !f->whole ? in->base : in->now, f->name);
}

/* Slurm said yes to it, and did nothing: some fields of jobs in some states it ignores. */
static bool was_ignored(const struct reconcile_input *in, const struct field *f)
{
	struct json_object *asked = json_member(in->accepted, f->name);
	struct json_object *now = json_member(in->now, f->name);

	/* A begin time that has passed is none, nor is a dependency that is met. */
	if (!asked || !in->base || ((f->type == FIELD_WHEN || f->type == FIELD_DEPENDENCY) && !now))
		return false;
	return !field_same(f, asked, now) && field_same(f, now, json_member(in->base, f->name));
}

static bool was_edited(const struct reconcile_input *in, const struct field *f,
		       struct json_object *spec)
{
	if (!spec)
		return false;
	if (!has(in->known, f->name)) {
		if (has(in->ours, f->name))
			return false;
		if (json_member(in->marked, f->name))
			return true;
	}
	return !field_same(f, spec, base_of(in, f));
}

/* Why the truth takes the place of what spec says, if somebody has to be told; else NULL. */
static const char *why_back(const struct reconcile_input *in, const struct field *f,
			    struct json_object *spec)
{
	if (!spec)
		return NULL;
	if (was_ignored(in, f))
		return "Slurm took the edit without an error, but changed nothing";
	/* An edit to what it was, or none at all. */
	if (has(in->theirs, f->name) && !has(in->known, f->name) && in->base)
		return "Slurm has changed it meanwhile; edit it again if that is not wanted";
	return NULL;
}

/* Why an edit can't be sent to Slurm; NULL: it can. */
static const char *why_not(const struct reconcile_input *in, const struct field *f,
			   struct json_object *spec, struct json_object *now)
{
	const char *text = json_object_get_string(spec);

	switch (f->edit) {
	case EDIT_IMMUTABLE:
		return "it can't be changed once the job is submitted";
	case EDIT_THROTTLE:
		if (!now || !same_indexes(text, json_object_get_string(now)))
			return "only the number after % can be changed once the job is submitted";
		break;
	case EDIT_ALWAYS:
		if (!when_parse_stamp(text))
			return "it takes a point of time such as 2030-06-01T18:00:00Z";
		if (now && when_parse_stamp(text) < when_parse_stamp(json_object_get_string(now)))
			return "it takes a later time than that of the last requeue";
		return in->forgotten ? "the job has ended, and Slurm has forgotten it" : NULL;
	case EDIT_SENT:
		break;
	}
	return in->finished ? "the job has ended" : NULL;
}

/* Somebody's edit, not dealt with, and yet Slurm has it: whoever sent it heard no answer. */
static bool was_found(const struct reconcile_input *in, const struct field *f,
		      struct json_object *spec)
{
	return in->base && !f->whole && !has(in->known, f->name) && !has(in->ours, f->name) &&
	       !field_same(f, spec, json_member(in->base, f->name));
}

static void plan_field(const struct reconcile_input *in, const struct field *f,
		       struct reconcile_plan *plan)
{
	struct json_object *spec = json_member(in->spec, f->name);
	struct json_object *now = json_member(in->now, f->name);
	const char *why;

	if (spec && field_same(f, spec, now)) { /* it stays as its author spelled it */
		if (was_found(in, f, spec))
			add(&plan->found, f->name, spec);
		return;
	}
	if (!was_edited(in, f, spec)) {
		why = why_back(in, f, spec);
		if (why)
			refuse(plan, f->name, now, why);
		else if (spec || now)
			add(&plan->spec, f->name, now);
		return;
	}
	why = why_not(in, f, spec, now);
	if (why)
		refuse(plan, f->name, now, why);
	else
		add(&plan->send, f->name, spec);
}

void reconcile(const struct reconcile_input *in, struct reconcile_plan *ret)
{
	struct reconcile_plan plan = { 0 };

	for (size_t i = 0; i < n_fields; i++)
		plan_field(in, &fields[i], &plan);
	if (json_object_is_type(in->spec, json_type_object)) {
		json_object_object_foreach(in->spec, name, value) {
			if (value && !field_find(name) && !field_is_objects_own(name))
				refuse(&plan, name, NULL,
				       "this version of slurm-kube-agent can't change it");
		}
	}
	*ret = plan;
}

void reconcile_plan_free(struct reconcile_plan *plan)
{
	json_object_put(plan->send);
	json_object_put(plan->spec);
	json_object_put(plan->found);
	*plan = (struct reconcile_plan){ 0 };
}
