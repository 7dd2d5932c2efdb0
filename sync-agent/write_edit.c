/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes around edits. */
#include <string.h>

#include "common/json.h"
#include "sync-agent/edit.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/write.h"

static void marked(struct write *w, struct json_object *object)
{
	edit_mark_tried(w->entry, w->patch);
	write_take_object(w, object);
}

void write_mark(struct agent *a, struct entry *e, struct json_object *patch,
		struct json_object *send)
{
	struct write w = { .agent = a, .entry = e, .what = "mark an edit",
			   .count = COUNT_WRITE_STATUS, .done = marked,
			   .missing = write_object_missing, .patch = send };
	_cleanup_json_ struct json_object *o = write_body(e, false);
	struct json_object *status = json_object_new_object();

	json_object_object_add(status, "sending", json_object_get(patch));
	json_object_object_add(o, "status", status);
	write_send(a, &w, "PATCH", MERGE, o, OBJECT_PATH "/%s/status?" MANAGER, e->namespace, e->name);
}

/* The condition Synced in a status that the server gave us: as the entry has it. */
static void set_synced(struct json_object *status, const struct synced *synced)
{
	struct json_object *c = json_find(json_get(status, "conditions"), "type", "Synced");
	char when[TIME_SIZE];

	if (!synced->refused || !c)
		return;
	text_time(synced->since, when);
	json_set_string(c, "status", "False");
	json_set_string(c, "lastTransitionTime", when);
	json_set_string(c, "reason", synced->reason);
	json_object_object_add(c, "message", text_json(synced->message, TEXT_MAX));
}

static void settled_late(struct write *w, struct json_object *object)
{
	write_take_object(w, object);
	edit_forget(w->entry);
}

/* The spec says the truth again: now the status is to say what became of the edit. */
static void taken_back(struct write *w, struct json_object *object)
{
	struct agent *a = w->agent;
	struct entry *e = w->entry;
	struct write next = { .agent = a, .entry = e, .what = "write status",
			      .count = COUNT_WRITE_STATUS, .done = settled_late,
			      .missing = write_object_missing };
	struct json_object *status = json_get(object, "status");
	_cleanup_json_ struct json_object *o = NULL;

	edit_taken_back(e);
	write_take_object(w, object);
	if (!status)
		return;
	o = write_body(e, true);
	set_synced(status, entry_synced(e));
	json_object_object_del(status, "sending");
	json_set_int(status, "observedGeneration", e->generation);
	json_object_object_add(o, "status", json_object_get(status));
	write_send(a, &next, "PUT", NULL, o, OBJECT_PATH "/%s/status?" MANAGER, e->namespace, e->name);
}

void write_late(struct agent *a, struct entry *e, struct json_object *patch)
{
	struct write w = { .agent = a, .entry = e, .what = "write spec",
			   .count = COUNT_WRITE_SPEC, .done = taken_back,
			   .missing = write_object_missing };
	_cleanup_json_ struct json_object *o = write_body(e, false);

	if (patch)
		json_object_object_add(o, "spec", json_object_get(patch));
	write_send(a, &w, "PATCH", MERGE, o, OBJECT_PATH "/%s?" MANAGER, e->namespace, e->name);
}
