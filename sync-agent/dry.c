/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --dry-run: kube/client.c and owner/owner.c print what they would send. What a write would have
 * made of its object is noted here, so that what comes after it is told, too. */
#include <string.h>

#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/edit.h"

#define WRITES_MOST 6 /* of one object: its creation, a mark, an edit, spec, status, labels */

static void merge_spec(struct entry *e, struct json_object *patch)
{
	_cleanup_json_ struct json_object *spec = entry_spec(e);

	if (!spec)
		spec = json_object_new_object();
	json_object_object_foreach (patch, name, value) {
		json_object_object_del(spec, name);
		if (value)
			json_object_object_add(spec, name, json_object_get(value));
	}
	entry_set_spec(e, spec);
	entry_know(e, patch);
}

static void take_label(struct entry *e, struct json_object *labels)
{
	const char *state = json_member_string(labels, OBJECT_GROUP "/state");

	if (state)
		snprintf(e->label, sizeof(e->label), "%s", state);
}

static bool has_finalizer(struct json_object *list)
{
	for (size_t i = 0; i < json_length(list); i++) {
		const char *text = json_object_get_string(json_object_array_get_idx(list, i));

		if (text && !strcmp(text, OBJECT_FINALIZER))
			return true;
	}
	return false;
}

void dry_write(struct agent *a, struct entry *e, struct json_object *body)
{
	struct json_object *spec = json_get(body, "spec"), *status = json_get(body, "status");
	struct json_object *labels = json_get(body, "metadata.labels");
	struct json_object *finalizers = json_get(body, "metadata.finalizers");
	const char *kind = json_get_string(body, "kind");

	/* Whatever is not foreseen here is told a few times, not for ever. */
	if (!body || ++e->tries > WRITES_MOST) {
		e->in_flight = true;
		return;
	}
	if (!e->exists && kind && !strcmp(kind, "SlurmJob")) {
		entry_take_object(e, body);
		entry_know(e, spec);
		sync_enqueue(a, e);
		return;
	}
	if (json_object_is_type(spec, json_type_object))
		merge_spec(e, spec);
	if (status)
		edit_take_object(e, body);
	if (status && !json_get(status, "sending"))
		e->status_hash = object_status_hash(status);
	if (labels)
		take_label(e, labels);
	if (finalizers && !has_finalizer(finalizers)) {
		entry_forget_object(e, NULL);
		job_group_free(e->wanted);
		e->wanted = NULL;
	}
	sync_enqueue(a, e);
}
