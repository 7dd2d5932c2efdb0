/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/reconcile.h"

#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "sync-agent/mirror/fields.h"

static void add(struct json_object **to, const char *name, struct json_object *value)
{
	if (!*to)
		*to = json_object_new_object();
	json_object_object_add(*to, name, json_object_get(value));
}

static struct json_object *of(struct json_object *o, const char *name)
{
	struct json_object *value = NULL;

	if (o)
		json_object_object_get_ex(o, name, &value);
	return value;
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

static bool was_edited(const struct reconcile_input *in, const struct field *f,
		       struct json_object *spec, struct json_object *now)
{
	struct json_object *base;

	if (!spec)
		return false;
	/* Where nothing was agreed on, and for what status.current does not tell, Slurm's word is it. */
	if (!in->known || !json_object_object_get_ex(in->known, f->name, &base))
		base = in->base && !f->whole ? of(in->base, f->name) : now;
	return !field_same(f, spec, base);
}

static void plan_field(const struct reconcile_input *in, const struct field *f,
		       struct reconcile_plan *plan)
{
	struct json_object *spec = of(in->spec, f->name), *now = of(in->now, f->name);

	if (spec && field_same(f, spec, now))
		return; /* as its author spelled it */
	if (!was_edited(in, f, spec, now)) {
		if (spec || now)
			add(&plan->spec, f->name, now);
		return;
	}
	if (f->edit == EDIT_IMMUTABLE)
		refuse(plan, f->name, now, "it can't be changed once the job is submitted");
	else if (f->edit == EDIT_LATER)
		refuse(plan, f->name, now,
		       "this version of slurm-kube-agent can't change it; use scontrol update");
	else if (in->finished)
		refuse(plan, f->name, now, "the job has ended");
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
	*plan = (struct reconcile_plan){ 0 };
}
