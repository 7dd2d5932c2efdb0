/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "common/buffer.h"
#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/audit.h"
#include "sync-agent/clock.h"
#include "sync-agent/edit.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/pods/job_pod.h"

enum action { ACTION_EDIT, ACTION_CANCEL };

/* A ticket names the job and what was asked. */
static uint64_t ticket_of(const struct entry *e, enum action action)
{
	return ((uint64_t)action << 32) | e->id;
}

/* What was asked has been answered: the truth is to be read anew, older answers don't count. */
static void read_back(struct agent *a, struct entry *e)
{
	job_group_free(e->wanted);
	e->wanted = NULL;
	e->fresh_from = clock_us();
	slurm_thread_ask(a->slurm, ASK_JOB, e->id, true);
}

static struct json_object *sent_of(const struct entry *e)
{
	return json_of_text(e->sent);
}

/* Neither yes nor no: the edit is still to be made. */
static void forget_sent(struct entry *e)
{
	_cleanup_json_ struct json_object *sent = sent_of(e);

	edit_unheard(e, sent);
	entry_set(&e->sent, NULL);
}

/* -- steps ---------------------------------------------------------------------------------- */

/* How a field's edit is done, in the order in which it is: what lets a job start comes last, what
 * makes it wait comes first. */
static const struct how {
	const char *field, *verb;
	bool value; /* of a field that is true or false: which of them this is about */
	bool before_update;
} hows[] = {
	{ "requeueRequestedAt", "requeue", false, true },
	{ "hold", "hold", true, true },
	{ "suspend", "suspend", true, true },
	{ "suspend", "resume", false, false },
	{ "hold", "release", false, false },
};

static bool is_how(const struct how *how, const char *field, struct json_object *value)
{
	return !strcmp(how->field, field) &&
	       (!json_object_is_type(value, json_type_boolean) ||
		json_object_get_boolean(value) == how->value);
}

/* The verb for an edit of a field; "update" for those that scontrol update changes. */
static const struct how *how_of(const char *field, struct json_object *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(hows); i++)
		if (is_how(&hows[i], field, value))
			return &hows[i];
	return NULL;
}

static struct json_object *add_step(struct json_object *steps, const char *verb,
				    struct json_object *fields)
{
	struct json_object *step = json_object_new_object(), *names = json_object_new_array();

	json_set_string(step, "verb", verb);
	json_object_object_add(step, "names", names);
	if (fields)
		json_object_object_add(step, "fields", json_object_get(fields));
	json_object_array_add(steps, step);
	return names;
}

/* Requeue and hold in one are requeuehold. */
static void add_requeue(struct json_object *steps, struct json_object *send)
{
	_cleanup_json_ struct json_object *fields = json_object_new_object();
	bool hold = json_get_bool(send, "hold", false);
	struct json_object *names;

	json_set_bool(fields, "hold", hold);
	names = add_step(steps, "requeue", fields);
	json_object_array_add(names, json_object_new_string("requeueRequestedAt"));
	if (hold)
		json_object_array_add(names, json_object_new_string("hold"));
}

static void add_verbs(struct json_object *steps, struct json_object *send, bool before_update)
{
	bool requeue = json_get(send, "requeueRequestedAt") != NULL;

	for (size_t i = 0; i < ARRAY_SIZE(hows); i++) {
		const struct how *how = &hows[i];
		struct json_object *value = json_get(send, how->field);

		if (!value || how->before_update != before_update || !is_how(how, how->field, value))
			continue;
		if (!strcmp(how->verb, "requeue"))
			add_requeue(steps, send);
		else if (!requeue || strcmp(how->verb, "hold"))
			json_object_array_add(add_step(steps, how->verb, NULL),
					      json_object_new_string(how->field));
	}
}

static struct json_object *steps_of(struct json_object *send)
{
	_cleanup_json_ struct json_object *fields = json_object_new_object();
	struct json_object *steps = json_object_new_array(), *names;

	add_verbs(steps, send, true);
	json_object_object_foreach(send, name, value) {
		if (!how_of(name, value))
			json_object_object_add(fields, name, json_object_get(value));
	}
	if (json_object_object_length(fields)) {
		names = add_step(steps, "update", fields);
		json_object_object_foreach(fields, field, unused) {
			(void)unused;
			json_object_array_add(names, json_object_new_string(field));
		}
	}
	add_verbs(steps, send, false);
	return steps;
}

/* -- telling -------------------------------------------------------------------------------- */

static void audit(struct agent *a, const struct entry *e, const char *field,
		  struct json_object *value, const char *refused)
{
	const struct how *how = field ? how_of(field, value) : NULL;
	const char *action = !field ? "cancel" : how ? how->verb : "edit";
	char manager[128] = "", asked[40] = "";
	struct audit line = {
		.action = action,
		.field = field,
		.value = value ? json_object_get_string(value) : NULL,
		.namespace = e->namespace, .name = e->name,
		.job_id = e->id, .uid = e->owner_uid,
		.as_operator = words_have(&a->config.operator_actions, field && !how ? field : action),
		.manager = manager, .asked = asked,
		.refused = refused,
	};

	if (field)
		edit_editor(e, field, manager, sizeof(manager), asked, sizeof(asked));
	audit_log(&line);
}

static void tell_refusal(struct agent *a, struct entry *e, enum action action, const char *text)
{
	static const char *const reasons[] = {
		[ACTION_EDIT] = "EditRefused",
		[ACTION_CANCEL] = "CancelRefused",
	};

	log_info("job %u: %s: %s", e->id, reasons[action], text);
	edit_set_refused(e, text);
	event_post(a, e, EVENT_WARNING, reasons[action], text);
	metrics_count(&a->metrics, action == ACTION_EDIT ? COUNT_EDIT_REFUSED : COUNT_CANCEL_REFUSED);
}

void act_refuse(struct agent *a, struct entry *e, const char *text)
{
	if (edit_may_tell(e, text))
		tell_refusal(a, e, ACTION_EDIT, text);
}

static void add_words(struct buffer *b, const char *name, struct json_object *value)
{
	const char *text = value ? json_object_get_string(value) : "";

	buffer_printf(b, "%sspec.%s %.200s", b->used ? ", " : "", name, text);
}

static void tell_edited(struct agent *a, struct entry *e, const char *text)
{
	edit_set_in_sync(e);
	event_post_once(a, e, EVENT_NORMAL, "Edited", text, edit_occasion(e, text));
	metrics_count(&a->metrics, COUNT_EDIT_APPLIED);
}

void act_found(struct agent *a, struct entry *e, const struct job *job, struct json_object *found)
{
	_cleanup_buffer_ struct buffer yes = BUFFER_INIT(TEXT_MAX);

	e->owner_uid = (uint32_t)job->uid;
	json_object_object_foreach(found, name, value) {
		audit(a, e, name, value, NULL);
		add_words(&yes, name, value);
	}
	if (yes.used)
		tell_edited(a, e, yes.data);
}

/* What was sent is divided into what Slurm took and what it refused: refusals has the words by field, or
 * why those for all of them. */
static void judge_edit(struct agent *a, struct entry *e, struct json_object *refusals,
		       const char *why)
{
	_cleanup_json_ struct json_object *sent = sent_of(e);
	_cleanup_buffer_ struct buffer yes = BUFFER_INIT(TEXT_MAX), no = BUFFER_INIT(TEXT_MAX);

	if (!sent)
		return;
	json_object_object_foreach(sent, name, value) {
		const char *words = why ? why : json_get_string(refusals, name);
		const char *text = value ? json_object_get_string(value) : "";

		audit(a, e, name, value, words);
		if (words) {
			buffer_printf(&no, "%sspec.%s %.200s: %s", no.used ? "; " : "", name, text,
				      words);
			continue;
		}
		edit_accept(e, name, value);
		add_words(&yes, name, value);
	}
	if (yes.used)
		tell_edited(a, e, yes.data);
	if (no.used)
		tell_refusal(a, e, ACTION_EDIT, no.data);
	entry_set(&e->sent, NULL);
}

static void cancel_refused(struct agent *a, struct entry *e, const char *why)
{
	audit(a, e, NULL, NULL, why);
	tell_refusal(a, e, ACTION_CANCEL, why);
	/* Asked once: the object goes when the job ends by itself. */
	e->cancelled = true;
}

static void refused(struct agent *a, struct entry *e, enum action action, const char *why)
{
	if (action == ACTION_CANCEL)
		cancel_refused(a, e, why);
	else
		judge_edit(a, e, NULL, why);
}

/* -- acting --------------------------------------------------------------------------------- */

static void act(struct agent *a, struct entry *e, const struct job *job, enum action action,
		struct json_object *steps)
{
	struct error err;

	e->owner_uid = (uint32_t)job->uid;
	if (owner_act(a->owner, ticket_of(e, action), e->owner_uid, e->id, steps, &err) == 0) {
		e->acting = true;
	} else if (err.code == EPERM || err.code == EMSGSIZE) {
		refused(a, e, action, err.text);
		read_back(a, e);
	} else {
		log_debug("job %u: %s; trying again", e->id, err.text);
		forget_sent(e);
		sync_retry(a, e);
	}
}

void act_edit(struct agent *a, struct entry *e, const struct job *job, struct json_object *send)
{
	_cleanup_json_ struct json_object *steps = steps_of(send);
	const char *text = json_object_to_json_string_ext(send, JSON_C_TO_STRING_PLAIN);

	entry_set(&e->sent, text);
	edit_sent(e, send);
	log_debug("job %u: edit %s for uid %llu", e->id, text, (unsigned long long)job->uid);
	act(a, e, job, ACTION_EDIT, steps);
}

void act_cancel(struct agent *a, struct entry *e, const struct job *job)
{
	_cleanup_json_ struct json_object *steps = json_object_new_array();

	json_object_array_add(add_step(steps, "cancel", NULL), json_object_new_string("cancel"));
	act(a, e, job, ACTION_CANCEL, steps);
}

static void cancelled(struct agent *a, struct entry *e)
{
	audit(a, e, NULL, NULL, NULL);
	entry_set_in_sync(e);
	metrics_count(&a->metrics, COUNT_CANCEL_APPLIED);
	e->cancelled = true;
	if (e->wanted)
		entry_set(&e->cancelled_by, e->wanted->jobs[0]->user);
	event_post(a, e, EVENT_NORMAL, "Cancelled", "the object was deleted: job cancelled");
	look_until_ended(a, e->id);
}

static void done(struct agent *a, struct entry *e, enum action action,
		 const struct owner_answer *answer)
{
	const char *no = json_get_string(answer->refusals, "cancel");

	if (action == ACTION_CANCEL) {
		if (no)
			cancel_refused(a, e, no);
		else
			cancelled(a, e);
		return;
	}
	judge_edit(a, e, answer->refusals, NULL);
	look_at(a, e->id);
}

static void take_answer(struct agent *a, const struct owner_answer *answer)
{
	struct entry *e = entry_find(&a->entries, (uint32_t)answer->ticket);
	enum action action = answer->ticket >> 32;

	if (!e)
		return;
	e->acting = false;
	if (!answer->lost)
		note_answer(&a->metrics, &e->notes);
	if (answer->ok) {
		done(a, e, action, answer);
	} else if (answer->lost) {
		log_warning("job %u: no answer from Slurm: %s; trying again", e->id, answer->text);
		metrics_count(&a->metrics, action == ACTION_EDIT ? COUNT_EDIT_LOST : COUNT_CANCEL_LOST);
		forget_sent(e);
		sync_retry(a, e);
		return;
	} else {
		refused(a, e, action, answer->text);
	}
	read_back(a, e);
}

void act_take_answers(struct agent *a)
{
	struct owner_answer answer;
	bool dead = false;

	while (owner_next(a->owner, &answer, &dead)) {
		if (answer.ticket & TICKET_SUBMISSION)
			submit_answered(a, &answer);
		else if (answer.ticket & TICKET_POD)
			job_pod_answered(a, &answer);
		else
			take_answer(a, &answer);
		json_object_put(answer.refusals);
		json_object_put(answer.file);
	}
	if (!dead)
		return;
	/* What it was doing is not known; started anew, the agent compares everything anew. */
	log_error("the owner helper is gone: ending, to be started anew");
	a->failed = a->stop = true;
}
