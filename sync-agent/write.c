/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/edit.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/write.h"

#define PATH_MAX_BYTES 1024
/* A table of one row without the object in it. Source: Kubernetes, "Receiving resources as Tables". */
#define VERSION_ONLY "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
#define KUBE_PAUSE_FIRST 100000
#define KUBE_PAUSE_LAST 5000000

/* -- answers -------------------------------------------------------------------------------- */

/* The server is away or overloaded: nothing is wrong with this write. */
bool write_is_passing(const struct kube_answer *answer)
{
	return answer->status == 0 || answer->status == 401 || answer->status == 429 || answer->status >= 500;
}

void write_pause(struct agent *a, const struct kube_answer *answer)
{
	if (clock_us() < a->kube_pause_until)
		return;
	a->kube_pause = a->kube_pause ? a->kube_pause * 2 : KUBE_PAUSE_FIRST;
	if (a->kube_pause > KUBE_PAUSE_LAST)
		a->kube_pause = KUBE_PAUSE_LAST;
	a->kube_pause_until = clock_us() + a->kube_pause;
	log_debug("Kubernetes: %s; next try in %lld ms", answer->problem,
		  (long long)a->kube_pause / 1000);
}

static void fail(struct write *w, const struct kube_answer *answer)
{
	struct entry *e = w->entry;

	if (write_is_passing(answer)) {
		write_pause(w->agent, answer);
		sync_enqueue(w->agent, e);
		return;
	}
	if (answer->status == 404 && w->missing) {
		w->missing(w);
		return;
	}
	/* 409: somebody else wrote; the watch brings what, or has brought it already. */
	if (answer->status != 409 || e->tries > 5)
		log_warning("%s/%s: %s: %s (status %ld); trying again", e->namespace, e->name, w->what,
			    answer->problem, answer->status);
	sync_retry(w->agent, e);
}

static void free_write(struct write *w)
{
	if (w)
		json_object_put(w->patch);
	free(w);
}

/* The version of the object that a table without objects is about; 0 if it is something else. */
static uint64_t table_version(const char *body)
{
	static const char kind[] = "{\"kind\":\"Table\",";
	const char *after;

	return strncmp(body, kind, strlen(kind)) ? 0 : watch_version_of(body, &after);
}

static void on_answer(void *ctx, const struct kube_answer *answer)
{
	struct write *w = ctx;
	_cleanup_json_ struct json_object *object = NULL;
	struct entry *e = w->entry;

	e->in_flight = false;
	w->agent->n_in_flight--;
	if (answer->status == 200 || answer->status == 201) {
		w->agent->kube_pause = 0;
		w->version = w->accept ? table_version(answer->body) : 0;
		if (!w->version)
			object = json_parse(answer->body, answer->len, NULL);
		e->tries = 0;
		w->done(w, object);
		if (!w->settled)
			sync_enqueue(w->agent, e);
	} else {
		fail(w, answer);
	}
	free_write(w);
}

static uint64_t version_number(const char *version)
{
	return version ? strtoull(version, NULL, 10) : 0;
}

/* An answer older than what the watch has already brought tells nothing. */
static bool is_older(struct json_object *object, const struct entry *e)
{
	const char *version = json_get_string(object, "metadata.resourceVersion");

	return !version || version_number(version) < version_number(e->version);
}

static void take_object(struct write *w, struct json_object *object)
{
	if (object && !is_older(object, w->entry)) {
		entry_take_object(w->entry, object);
		sync_taken(w->agent, w->entry);
		watch_know(&w->agent->watch, w->entry->version);
		pods_job(w->agent, w->entry, object);
	}
}

/* -- sending -------------------------------------------------------------------------------- */

void write_send(struct agent *a, const struct write *template, const char *method, const char *type,
		struct json_object *body, const char *path_format, ...)
{
	struct write *w = malloc(sizeof(*w));
	struct kube_request r = { .method = method, .type = type, .accept = template->accept,
				  .done = on_answer, .ctx = w };
	char path[PATH_MAX_BYTES];
	struct error err = { .text = "out of memory" };
	va_list ap;

	va_start(ap, path_format);
	vsnprintf(path, sizeof(path), path_format, ap);
	va_end(ap);
	r.path = path;
	r.body = body ? json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN) : NULL;
	if (w) {
		*w = *template;
		json_object_get(w->patch);
	}
	if (!w || kube_send(a->kube, &r, &err) < 0) {
		log_error("%s/%s: %s: %s", template->entry->namespace, template->entry->name,
			  template->what, err.text);
		free_write(w);
		sync_retry(a, template->entry);
		return;
	}
	if (a->dry_run) {
		free_write(w);
		dry_write(a, template->entry, body);
		return;
	}
	template->entry->in_flight = true;
	a->n_in_flight++;
	metrics_count(&a->metrics, template->count);
	log_debug("%s %s", method, path);
}

struct json_object *write_body(const struct entry *e, bool whole)
{
	struct json_object *o = json_object_new_object(), *metadata = json_object_new_object();

	if (whole) {
		json_set_string(o, "apiVersion", OBJECT_API_VERSION);
		json_set_string(o, "kind", "SlurmJob");
		json_set_string(metadata, "name", e->name);
		json_set_string(metadata, "namespace", e->namespace);
	}
	json_set_string(metadata, "resourceVersion", e->version);
	json_object_object_add(o, "metadata", metadata);
	return o;
}

/* -- SlurmJobs ------------------------------------------------------------------------------ */

static void object_made(struct write *w, struct json_object *object)
{
	/* Until there is a status to tell: an edit is what differs from this. */
	entry_know(w->entry, json_get(object, "spec"));
	take_object(w, object);
	w->settled = w->entry->as_written && json_object_equal(json_get(object, "spec"), w->patch);
	if (w->settled)
		sync_made(w->agent, w->entry);
}

void write_create(struct agent *a, struct entry *e, const struct view *v)
{
	struct write w = { .agent = a, .entry = e, .what = "create",
			   .count = COUNT_WRITE_CREATE, .done = object_made,
			   .missing = namespace_create };
	_cleanup_json_ struct json_object *o = write_body(e, true);
	struct json_object *metadata = json_get(o, "metadata");
	struct json_object *finalizers = json_object_new_array();

	json_object_object_del(metadata, "resourceVersion");
	json_object_array_add(finalizers, json_object_new_string(OBJECT_FINALIZER));
	json_object_object_add(metadata, "finalizers", finalizers);
	json_object_object_add(metadata, "labels", object_labels(v));
	w.patch = object_spec(v);
	json_object_object_add(o, "spec", w.patch);
	e->as_written = true;
	write_send(a, &w, "POST", NULL, o, OBJECT_PATH "?" MANAGER, e->namespace);
}

void write_take_object(struct write *w, struct json_object *object)
{
	take_object(w, object);
}

static void spec_written(struct write *w, struct json_object *object)
{
	entry_know(w->entry, w->patch);
	edit_taken_back(w->entry);
	take_object(w, object);
}

/* It was there and is not: the watch will say so, or has. */
void write_object_missing(struct write *w)
{
	sync_retry(w->agent, w->entry);
}

void write_spec(struct agent *a, struct entry *e, struct json_object *patch)
{
	struct write w = { .agent = a, .entry = e, .what = "write spec",
			   .count = COUNT_WRITE_SPEC, .done = spec_written,
			   .missing = write_object_missing, .patch = patch };
	_cleanup_json_ struct json_object *o = write_body(e, false);

	json_object_object_add(o, "spec", json_object_get(patch));
	write_send(a, &w, "PATCH", MERGE, o, OBJECT_PATH "/%s?" MANAGER, e->namespace, e->name);
}

/* Made from the version that the entry still has: that object has this status now, and is otherwise as it was. Else
 * the watch has brought it, or what came after it. */
static void status_written(struct write *w, struct json_object *object)
{
	struct entry *e = w->entry;
	char version[24];

	if (!w->version) {
		take_object(w, object);
		return;
	}
	if (version_number(e->version) != w->from)
		return;
	snprintf(version, sizeof(version), "%" PRIu64, w->version);
	entry_take_status(e, version, w->patch);
	sync_taken(w->agent, e);
	watch_know(&w->agent->watch, e->version);
	w->settled = true;
	sync_written(w->agent, e);
}

void write_status(struct agent *a, struct entry *e, struct json_object *status)
{
	struct write w = { .agent = a, .entry = e, .what = "write status",
			   .count = COUNT_WRITE_STATUS, .done = write_take_object,
			   .missing = write_object_missing };
	_cleanup_json_ struct json_object *o = write_body(e, true);

	/* Where no edit is about, the whole object would tell nothing but its version; pods follow what it tells. */
	if (!e->born_here && !e->edit && !e->sent && e->version && !pods_wanted(a)) {
		w.done = status_written;
		w.accept = VERSION_ONLY;
		w.from = version_number(e->version);
		w.patch = status;
		e->as_written = true;
	}
	json_object_object_add(o, "status", json_object_get(status));
	write_send(a, &w, "PUT", NULL, o, OBJECT_PATH "/%s/status?" MANAGER "&includeObject=None",
		   e->namespace, e->name);
}

struct json_object *write_condition(const char *type, const char *status, const char *reason,
				    const char *message)
{
	struct json_object *c = json_object_new_object();
	char now[TIME_SIZE];

	text_time(time(NULL), now);
	json_set_string(c, "type", type);
	json_set_string(c, "status", status);
	json_set_string(c, "lastTransitionTime", now);
	json_set_string(c, "reason", reason);
	json_set_string(c, "message", message);
	return c;
}

void write_lost(struct agent *a, struct entry *e)
{
	struct write w = { .agent = a, .entry = e, .what = "write status",
			   .count = COUNT_WRITE_STATUS, .done = write_take_object,
			   .missing = write_object_missing };
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *status = json_object_new_object(), *list = json_object_new_array();

	json_object_array_add(list, write_condition("Accepted", "True", "Submitted", "Slurm had the job"));
	json_object_array_add(list, write_condition("Failed", "Unknown", "Forgotten",
					      "slurmctld has forgotten the job before its end was seen, "
					      "and there is no accounting record of it"));
	json_object_array_add(list, write_condition("Running", "False", "Forgotten", "not known any more"));
	json_set_string(status, "state", "UNKNOWN");
	json_set_string(status, "reason", "Forgotten");
	json_object_object_add(status, "conditions", list);
	json_object_object_add(o, "status", status);
	write_send(a, &w, "PATCH", MERGE, o, OBJECT_PATH "/%s/status?" MANAGER, e->namespace, e->name);
}

/* The object goes now, unless other controllers hold it: then the watch tells of it again. */
static void finalizer_is_off(struct write *w, struct json_object *object)
{
	entry_forget_object(w->entry, json_get_string(object, "metadata.resourceVersion"));
	job_group_free(w->entry->wanted);
	w->entry->wanted = NULL;
	sync_taken(w->agent, w->entry);
	pods_job(w->agent, w->entry, NULL);
}

struct json_object *write_finalizers(const struct entry *e, bool ours)
{
	struct json_object *list = json_of_text(e->finalizers);

	if (!list)
		list = json_object_new_array();
	if (ours)
		json_object_array_add(list, json_object_new_string(OBJECT_FINALIZER));
	return list;
}

/* Other controllers' finalizers stay: the list is read from the object as we know it, and the
 * resourceVersion makes sure that it still is that one. */
void write_take_finalizer(struct agent *a, struct entry *e,
			  void (*done)(struct write *w, struct json_object *object))
{
	struct write w = { .agent = a, .entry = e, .what = "remove finalizer", .count = COUNT_WRITE_FINALIZER,
			   .done = done, .missing = write_object_missing };
	_cleanup_json_ struct json_object *o = write_body(e, false);

	json_object_object_add(json_get(o, "metadata"), "finalizers", write_finalizers(e, false));
	write_send(a, &w, "PATCH", MERGE, o, OBJECT_PATH "/%s?" MANAGER, e->namespace, e->name);
}

void write_finalizer_off(struct agent *a, struct entry *e)
{
	write_take_finalizer(a, e, finalizer_is_off);
}
