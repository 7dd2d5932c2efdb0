/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes that have time: labels, steps and usage; and the end of an object's days. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "common/json.h"
#include "sync-agent/mirror/details.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/write.h"

static void set_label(struct json_object *labels, const char *key, const char *value)
{
	char label[LABEL_MAX + 1];

	text_label(value, label);
	if (label[0])
		json_set_string(labels, key, label);
}

/* The state's, and those that an object made with kubectl hasn't got yet or an edit has changed. */
void write_label(struct agent *a, struct entry *e)
{
	struct write w = { .agent = a, .entry = e, .what = "write label",
			   .count = COUNT_WRITE_LABEL, .done = write_take_object,
			   .missing = write_object_missing };
	_cleanup_json_ struct json_object *o = json_object_new_object();
	_cleanup_json_ struct json_object *current = entry_current(e);
	struct json_object *metadata = json_object_new_object(), *labels = json_object_new_object();
	char id[16];

	snprintf(id, sizeof(id), "%" PRIu32, e->id);
	set_label(labels, OBJECT_GROUP "/job-id", e->id ? id : "");
	set_label(labels, OBJECT_GROUP "/account", json_get_string(current, "account") ?: "");
	set_label(labels, OBJECT_GROUP "/partition", json_get_string(current, "partition") ?: "");
	set_label(labels, OBJECT_GROUP "/state", e->state);
	json_object_object_add(metadata, "labels", labels);
	json_object_object_add(o, "metadata", metadata);
	write_send(a, &w, "PATCH", MERGE, o, OBJECT_PATH "/%s?" MANAGER, e->namespace, e->name);
}

void write_annotation(struct agent *a, struct entry *e, const char *key, const char *value)
{
	struct write w = { .agent = a, .entry = e, .what = "write annotation",
			   .count = COUNT_WRITE_LABEL, .done = write_take_object,
			   .missing = write_object_missing };
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *metadata = json_object_new_object();
	struct json_object *annotations = json_object_new_object();

	json_set_string(annotations, key, value);
	json_object_object_add(metadata, "annotations", annotations);
	json_object_object_add(o, "metadata", metadata);
	write_send(a, &w, "PATCH", MERGE, o, OBJECT_PATH "/%s?" MANAGER, e->namespace, e->name);
}

/* The answer may bring an edit before the watch does, whose word of it is passed over then. */
static void details_written(struct write *w, struct json_object *object)
{
	int64_t generation = w->entry->generation;

	write_take_object(w, object);
	if (w->entry->generation != generation)
		slurm_thread_ask(w->agent->slurm, ASK_JOB, w->entry->id, true);
}

void write_details(struct agent *a, struct entry *e)
{
	struct write w = { .agent = a, .entry = e, .what = "write steps and usage",
			   .count = COUNT_WRITE_STATUS, .done = details_written,
			   .missing = write_object_missing };
	_cleanup_json_ struct json_object *o = json_object_new_object();
	_cleanup_json_ struct json_object *details = json_of_text(e->details);
	struct json_object *status = json_object_new_object();
	char now[TIME_SIZE];

	text_time(time(NULL), now);
	details_add(status, details);
	json_set_string(status, "lastSyncTime", now);
	json_object_object_add(o, "status", status);
	write_send(a, &w, "PATCH", MERGE, o, OBJECT_PATH "/%s/status?" MANAGER, e->namespace, e->name);
}

/* The details are taken, and stay until the write that they are needed for. */
static void fetched(struct write *w, struct json_object *object)
{
	if (!object)
		return;
	entry_take_object(w->entry, object);
	pods_job(w->agent, w->entry, object);
}

void write_fetch(struct agent *a, struct entry *e)
{
	struct write w = { .agent = a, .entry = e, .what = "read", .count = COUNT_READ,
			   .done = fetched, .missing = write_object_missing };

	write_send(a, &w, "GET", NULL, NULL, OBJECT_PATH "/%s", e->namespace, e->name);
}

/* Gone, or about to be: the watch tells. */
static void deleted(struct write *w, struct json_object *object)
{
	w->entry->deleting = true;
}

static void delete_object(struct agent *a, struct entry *e)
{
	struct write w = { .agent = a, .entry = e, .what = "delete", .count = COUNT_WRITE_DELETE,
			   .done = deleted, .missing = write_object_missing };
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *conditions = json_object_new_object();

	/* That very object, and as it was seen. */
	json_set_string(conditions, "uid", e->uid);
	json_set_string(conditions, "resourceVersion", e->version);
	json_set_string(o, "apiVersion", "v1");
	json_set_string(o, "kind", "DeleteOptions");
	json_object_object_add(o, "preconditions", conditions);
	write_send(a, &w, "DELETE", NULL, o, OBJECT_PATH "/%s", e->namespace, e->name);
}

void write_drop(struct agent *a, struct entry *e)
{
	if (e->finalizer)
		write_take_finalizer(a, e, write_take_object);
	else
		delete_object(a, e);
}
