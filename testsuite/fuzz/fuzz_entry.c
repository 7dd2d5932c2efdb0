/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An object from the API server, taken and compared with a job. The plan's outcome asks for nothing
 * more: a patched spec agrees with Slurm. */
#include "common/json.h"
#include "fuzz.h"
#include "sync-agent/edit.h"
#include "sync-agent/entry.h"
#include "sync-agent/mirror/fields.h"
#include "sync-agent/mirror/reconcile.h"
#include "testsuite/unit/sample_job.h"

static void apply(struct json_object *spec, struct json_object *patch)
{
	if (!patch)
		return;
	json_object_object_foreach(patch, name, value) {
		json_object_object_del(spec, name);
		if (value)
			json_object_object_add(spec, name, json_object_get(value));
	}
}

static void try_reconcile(struct entry *e, const struct view *v)
{
	_cleanup_json_ struct json_object *spec = entry_spec(e), *base = entry_current(e);
	_cleanup_json_ struct json_object *now = fields_now(v);
	struct reconcile_input in = { .spec = spec, .base = base, .now = now, .finished = true,
				      .forgotten = true };
	_cleanup_(reconcile_plan_free) struct reconcile_plan plan = { 0 }, second = { 0 };

	reconcile(&in, &plan);
	must(!plan.send && (!plan.refused || plan.spec));
	if (!spec)
		return;
	apply(spec, plan.spec);
	reconcile(&in, &second);
	must(!second.spec && !second.send && !second.refused);
}

/* With all that the object says of edits. Whatever is asked for, it is a field of spec. */
static void try_edit(struct entry *e, const struct view *v)
{
	_cleanup_json_ struct json_object *spec = entry_spec(e), *now = fields_now(v);
	_cleanup_(reconcile_plan_free) struct reconcile_plan plan = { 0 };
	char manager[16], when[8];

	edit_plan(e, spec, now, false, &plan);
	if (!plan.send)
		return;
	json_object_object_foreach(plan.send, name, value) {
		must(value && field_find(name));
		edit_editor(e, name, manager, sizeof(manager), when, sizeof(when));
		edit_accept(e, name, value);
	}
	edit_mark_tried(e, plan.send);
	must(edit_is_marked(e, plan.send));
	json_object_put(edit_mark_patch(e, plan.send, 1));
}

static void compare(struct entry *e)
{
	struct job job = sample_job(5);
	struct job_group *group = sample_group(&job, 1);
	_cleanup_json_ struct json_object *kept = edit_kept(e, 1);
	struct view_before before = { .completed = e->completed, .failed = e->failed,
				      .cancelled_by = e->cancelled_by,
				      .start = (uint64_t)e->started, .kept = kept };
	struct view v;

	job.array_id = 5;
	job.array_tasks = "0-9";
	must(view_make("tux", group, &before, &v) == 0);
	json_object_put(object_status(&v, entry_synced(e), e->generation));
	try_reconcile(e, &v);
	try_edit(e, &v);
	view_free(&v);
	free(group);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_json_ struct json_object *o = json_parse((const char *)data, size, NULL);
	struct entries table = { 0 };
	struct entry *e;

	if (!o)
		return 0;
	e = entry_add(&table, 5, "ns", "tux-5");
	entry_take_object(e, o);
	entry_know(e, json_get(o, "spec"));
	entry_unknow(e, json_get(o, "status"));
	compare(e);
	entry_forget_object(e, NULL);
	entry_take_object(e, o);
	entry_remove(&table, e);
	return 0;
}
