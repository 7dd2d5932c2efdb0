/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/submit/submit.h"

#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/dependency.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/results/entries.h"
#include "sync-agent/submit/options.h"
#include "sync-agent/submit/steps.h"
#include "sync-agent/submit/words.h"
#include "sync-agent/write.h"

/* -- coming and going ----------------------------------------------------------------------- */

static struct submission *make(struct agent *a, struct entry *e)
{
	struct submission *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	snprintf(s->uid, sizeof(s->uid), "%s", e->uid);
	s->entry = e;
	s->generation = e->generation;
	s->serial = ++a->submission_serial;
	s->look_from = clock_us();
	/* One that is made while the agent watches can have no job yet. */
	s->looked = a->listed;
	HASH_ADD_STR(a->submissions, uid, s);
	HASH_ADD(by_serial, a->submission_tickets, serial, sizeof(s->serial), s);
	return s;
}

static void begin_again(struct submission *s)
{
	s->step = SUBMIT_GATHER;
	s->refused = false;
	s->user[0] = '\0';
	s->wait_until = 0;
	s->waits = 0;
	json_object_put(s->references);
	s->references = NULL;
	json_object_put(s->request);
	s->request = NULL;
	json_object_put(s->spec);
	s->spec = NULL;
}

/* An edit begins anew. It may have come with the answer to a write of ours: then the watch's word of it is
 * older than what is known, and is passed over. */
static void follow_spec(const struct entry *e)
{
	struct submission *s = e->submission;

	if (s->generation == e->generation)
		return;
	begin_again(s);
	s->generation = e->generation;
}

void submit_forget(struct agent *a, struct entry *e)
{
	struct submission *s = e->submission;

	if (!s)
		return;
	begin_again(s);
	HASH_DEL(a->submissions, s);
	HASH_DELETE(by_serial, a->submission_tickets, s);
	free(s);
	e->submission = NULL;
	e->acting = false; /* an answer that is still to come finds nobody */
}

void submit_take_object(struct agent *a, struct entry *e, struct json_object *object)
{
	const char *cluster = json_get_string(object, "spec.cluster");
	struct submission *s;

	if (e->submission && strcmp(e->submission->uid, e->uid))
		submit_forget(a, e); /* deleted, and made again under that name */
	s = e->submission;
	if (!s && !(s = e->submission = make(a, e)))
		return;
	/* While sbatch is at work its answer is about the spec before. */
	if (!e->acting)
		follow_spec(e);
	s->for_us = cluster && cluster[0];
	if (!s->own_mark)
		s->mark = mark_parse(json_member_string(json_get(object, "metadata.annotations"),
							MARK_ANNOTATION));
	if (s->mark.generation && !s->own_mark && s->step == SUBMIT_GATHER && !s->marked) {
		s->marked = true;
		s->looked = false;
		s->look_from = clock_us();
	}
	submit_take_shown(s, object);
	/* Slurm has said no to that attempt: it made no job. */
	if (s->shown_false && s->shown_generation >= s->mark.generation)
		s->mark = (struct mark){ 0 };
	s->ignored = false;
}

/* The spec that the job was made with, a new reference; NULL if it is not known: an agent before submitted it,
 * and it was edited since. */
static struct json_object *submitted_spec(const struct entry *e)
{
	const struct submission *s = e->submission;

	if (s->spec)
		return json_object_get(s->spec);
	return s->mark.generation == e->generation ? entry_spec(e) : NULL;
}

/* What differs from this is an edit; a dependency is compared by job ids. */
static void know(struct agent *a, struct entry *e, struct json_object *spec)
{
	const char *names = json_get_string(spec, "dependency");
	struct error err;
	_cleanup_free_ char *ids = names ? submit_dependency(a, e, names, &err) : NULL;

	if (ids)
		json_set_string(spec, "dependency", ids);
	entry_know(e, spec);
}

/* It has a job: from now on it is like any other, but for what Slurm does not tell again. */
void submit_bind(struct agent *a, struct entry *e, uint32_t id)
{
	struct entry *other = entry_find(&a->entries, id);
	_cleanup_json_ struct json_object *spec = submitted_spec(e);
	char message[80];

	if (other && other != e)
		entry_unbind(&a->entries, other); /* of an earlier job that had this id */
	submit_forget(a, e);
	entry_bind(&a->entries, e, id);
	if (spec) {
		entry_set_submitted(e, spec);
		know(a, e, spec);
	}
	metrics_count(&a->metrics, COUNT_SUBMIT_APPLIED);
	snprintf(message, sizeof(message), "submitted to Slurm: job %u", id);
	log_info("%s/%s: %s", e->namespace, e->name, message);
	event_post(a, e, EVENT_NORMAL, "Submitted", message);
	slurm_thread_ask(a->slurm, ASK_JOB, id, true);
}

/* -- steps ---------------------------------------------------------------------------------- */

struct finder {
	struct agent *agent;
	const struct entry *entry;
};

static uint32_t find_job(void *ctx, const char *name)
{
	const struct finder *f = ctx;
	struct entry *e = entry_find_name(&f->agent->entries, f->entry->namespace, name);

	return e ? e->id : 0;
}

char *submit_dependency(struct agent *a, const struct entry *e, const char *text, struct error *err)
{
	struct finder finder = { a, e };

	return dependency_resolve(text, find_job, &finder, err);
}

/* All that sbatch needs. Returns true if it is there. */
static bool make_request(struct agent *a, struct entry *e)
{
	_cleanup_json_ struct json_object *spec = entry_spec(e);
	const char *text = json_get_string(spec, "dependency");
	_cleanup_free_ char *dependency = NULL;
	struct submission *s = e->submission;
	struct submit_references refs = { json_get(s->references, "configmaps"),
					  json_get(s->references, "secrets") };
	struct error err = { 0 };

	if (text && !(dependency = submit_dependency(a, e, text, &err))) {
		submit_wait(a, e, "DependencyMissing", err.text);
		return false;
	}
	json_object_put(s->request);
	s->request = NULL;
	if (results_check(json_get(spec, "results"), &a->config.results_http_allow, &err) == 0)
		s->request = submit_options(e->name, spec, dependency, &refs, &err);
	json_object_put(s->spec);
	s->spec = json_object_get(spec);
	if (!s->request && err.code == ENOENT)
		submit_wait(a, e, "ReferenceMissing", err.text);
	else if (!s->request)
		submit_refuse(a, e, "Invalid", err.text);
	return s->request != NULL;
}

static bool check_slurm(struct agent *a, struct entry *e)
{
	if (object_name_id(a->cluster, e->name)) {
		submit_refuse(a, e, "NameReserved",
			      "names of this form are those of jobs that were submitted to Slurm: give "
			      "it another name");
		return false;
	}
	if (a->job_submit_kube)
		return true;
	slurm_thread_ask(a->slurm, ASK_CONF, 0, false);
	submit_wait(a, e, "NoJobSubmitKube",
		    "slurmctld doesn't have the plugin job_submit_kube, without which no job is submitted "
		    "exactly once: an administrator adds JobSubmitPlugins=kube to slurm.conf");
	return false;
}

static bool gather(struct agent *a, struct entry *e)
{
	return check_slurm(a, e) && submit_gather(a, e);
}

static bool look(struct agent *a, struct entry *e)
{
	return submit_look(a, e) && make_request(a, e);
}

static void marked(struct write *w, struct json_object *object)
{
	struct submission *s = w->entry->submission;

	write_take_object(w, object);
	if (!s)
		return;
	s->own_mark = true;
	s->mark = (struct mark){ w->entry->generation, time(NULL) };
	s->step = SUBMIT_RUN;
}

/* One write: the finalizer, so that a deletion is seen, the mark, and labels to find it by. */
static bool mark(struct agent *a, struct entry *e)
{
	struct write w = { .agent = a, .entry = e, .what = "note the submission", .count = COUNT_WRITE_OTHER,
			   .done = marked,
			   .missing = write_object_missing };
	_cleanup_json_ struct json_object *o = write_body(e, false);
	struct json_object *metadata = json_get(o, "metadata");
	struct json_object *annotations = json_object_new_object(), *labels = json_object_new_object();
	struct mark now = { e->generation, time(NULL) };
	char text[MARK_SIZE], label[LABEL_MAX + 1];

	mark_format(&now, text);
	json_set_string(annotations, MARK_ANNOTATION, text);
	json_object_object_add(metadata, "annotations", annotations);
	text_label(a->cluster, label);
	json_set_string(labels, OBJECT_GROUP "/cluster", label);
	text_label(e->submission->user, label);
	json_set_string(labels, OBJECT_GROUP "/user", label);
	json_object_object_add(metadata, "labels", labels);
	json_object_object_add(metadata, "finalizers", write_finalizers(e, true));
	write_send(a, &w, "PATCH", MERGE, o, OBJECT_PATH "/%s?" MANAGER, e->namespace, e->name);
	if (a->dry_run)
		e->submission->step = SUBMIT_RUN;
	return false;
}

static bool run(struct agent *a, struct entry *e)
{
	struct submission *s = e->submission;
	struct error err;

	if (!s->request) {
		s->step = SUBMIT_GATHER;
		sync_enqueue(a, e);
		return false;
	}
	json_set_string(s->request, "uid", s->uid);
	json_set_string(s->request, "user", s->user);
	json_set_int(s->request, "generation", e->generation);
	if (owner_submit(a->owner, TICKET_SUBMISSION | s->serial, s->request, &err) < 0) {
		log_debug("%s/%s: %s; trying again", e->namespace, e->name, err.text);
		sync_retry(a, e);
		return false;
	}
	e->acting = true;
	return false;
}

static bool (*const steps[])(struct agent *a, struct entry *e) = {
	[SUBMIT_GATHER] = gather,
	[SUBMIT_LOOK] = look,
	[SUBMIT_MARK] = mark,
	[SUBMIT_RUN] = run,
};

/* Deleted before it had a job: if an attempt was made, its job is looked for and cancelled. */
static void advance_deletion(struct agent *a, struct entry *e)
{
	struct submission *s = e->submission;

	if (!e->finalizer)
		return;
	if (s->mark.generation && clock_us() < s->wait_until)
		sync_wait(a, e, s->wait_until);
	else if (!s->mark.generation || (submit_gather_user(a, e) && submit_look(a, e)))
		write_finalizer_off(a, e);
}

void submit_advance(struct agent *a, struct entry *e)
{
	struct submission *s = e->submission;

	if (!s && e->deleting && e->finalizer)
		write_finalizer_off(a, e); /* its job's id is another job's now */
	if (!s || !e->exists || s->ignored)
		return;
	follow_spec(e);
	if (e->deleting) {
		advance_deletion(a, e);
		return;
	}
	if (s->refused)
		return;
	if (clock_us() < s->wait_until) {
		sync_wait(a, e, s->wait_until);
		return;
	}
	while (steps[s->step](a, e))
		s->step++;
}

/* -- answers -------------------------------------------------------------------------------- */

/* Nobody knows: look, and if there is nothing try again. */
static void lost(struct agent *a, struct entry *e, const char *words)
{
	struct submission *s = e->submission;

	log_warning("%s/%s: sbatch: %s; looking whether Slurm has the job", e->namespace, e->name,
		    words);
	s->step = SUBMIT_GATHER;
	s->looked = s->past_asked = s->past_known = s->own_mark = false;
	s->look_from = clock_us();
	s->wait_until = clock_us() + SUBMIT_WAIT_FIRST * (1 << (s->tries < 4 ? s->tries : 4)) / 4;
	s->tries++;
	metrics_count(&a->metrics, COUNT_SUBMIT_LOST);
	sync_enqueue(a, e);
}

/* Slurm's no: the attempt has made no job. */
static void no(struct agent *a, struct entry *e, const char *text)
{
	struct submission *s = e->submission;
	char words[1200];

	if (words_read(text, s->spec, words, sizeof(words)) != WORDS_REFUSED) {
		lost(a, e, words);
		return;
	}
	s->mark = (struct mark){ 0 };
	/* An edit that came meanwhile has not been refused. */
	if (s->generation == e->generation)
		submit_refuse(a, e, "Refused", words);
}

static void nobody(struct agent *a, struct entry *e, const char *text)
{
	e->submission->mark = (struct mark){ 0 };
	submit_wait(a, e, "UserNotAllowed", text);
}

void submit_answered(struct agent *a, const struct owner_answer *answer)
{
	uint32_t serial = (uint32_t)answer->ticket;
	struct submission *s;
	struct entry *e;

	HASH_FIND(by_serial, a->submission_tickets, &serial, sizeof(serial), s);
	if (!s)
		return; /* its object has gone meanwhile */
	e = s->entry;
	e->acting = false;
	if (answer->job_id) {
		submit_bind(a, e, answer->job_id);
		return;
	}
	if (answer->nobody)
		nobody(a, e, answer->text);
	else if (answer->lost)
		lost(a, e, answer->text[0] ? answer->text : "it was cut off");
	else
		no(a, e, answer->text);
	if (e->queue == QUEUE_NONE)
		sync_enqueue(a, e);
}
