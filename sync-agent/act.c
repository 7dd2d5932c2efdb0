/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"

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

/* Neither yes nor no: the edit is still to be made. */
static void forget_sent(struct entry *e)
{
	_cleanup_json_ struct json_object *sent =
		e->sent ? json_parse(e->sent, strlen(e->sent), NULL) : NULL;

	entry_unknow(e, sent);
	entry_set(&e->sent, NULL);
}

/* "spec.timeLimit": what the edit was about, from the fields that were sent. */
static void name_fields(const struct entry *e, char *buf, size_t size)
{
	_cleanup_json_ struct json_object *sent =
		e->sent ? json_parse(e->sent, strlen(e->sent), NULL) : NULL;
	size_t used = 0;

	buf[0] = '\0';
	if (!sent)
		return;
	json_object_object_foreach(sent, name, value) {
		int n = snprintf(buf + used, size - used, "%sspec.%s %s", used ? ", " : "", name,
				 value ? json_object_get_string(value) : "");

		if (n < 0 || used + n >= size)
			return;
		used += n;
	}
}

static void refused(struct agent *a, struct entry *e, enum action action, const char *why)
{
	char fields[120], text[sizeof(e->synced->message)];
	static const char *const reasons[] = {
		[ACTION_EDIT] = "EditRefused",
		[ACTION_CANCEL] = "CancelRefused",
	};

	name_fields(e, fields, sizeof(fields));
	if (action == ACTION_EDIT && fields[0])
		snprintf(text, sizeof(text), "%s: Slurm says: %s", fields, why);
	else
		snprintf(text, sizeof(text), "%s", why);
	log_info("job %u: %s: %s", e->id, reasons[action], text);
	entry_set_refused(e, "Refused", text);
	event_post(a, e, EVENT_WARNING, reasons[action], text);
	metrics_count(&a->metrics, action == ACTION_EDIT ? COUNT_EDIT_REFUSED : COUNT_CANCEL_REFUSED);
	/* Asked once: the object goes when the job ends by itself. */
	if (action == ACTION_CANCEL)
		e->cancelled = true;
}

static void act(struct agent *a, struct entry *e, const struct job *job, enum action action,
		struct json_object *steps)
{
	struct error err;

	if (owner_act(a->owner, ticket_of(e, action), (uint32_t)job->uid, e->id, steps, &err) < 0) {
		refused(a, e, action, err.text);
		read_back(a, e);
		return;
	}
	e->acting = true;
}

static void add_step(struct json_object *steps, const char *verb, struct json_object *fields)
{
	struct json_object *step = json_object_new_object();

	json_set_string(step, "verb", verb);
	if (fields)
		json_object_object_add(step, "fields", json_object_get(fields));
	json_object_array_add(steps, step);
}

void act_edit(struct agent *a, struct entry *e, const struct job *job, struct json_object *send)
{
	_cleanup_json_ struct json_object *steps = json_object_new_array();
	_cleanup_json_ struct json_object *fields = json_object_new_object();
	const char *text = json_object_to_json_string_ext(send, JSON_C_TO_STRING_PLAIN);

	entry_set(&e->sent, text);
	entry_know(e, send);
	log_info("job %u: edit %s for uid %llu", e->id, text, (unsigned long long)job->uid);
	json_object_object_foreach(send, name, value) {
		if (!strcmp(name, "hold"))
			add_step(steps, json_object_get_boolean(value) ? "hold" : "release", NULL);
		else
			json_object_object_add(fields, name, json_object_get(value));
	}
	if (json_object_object_length(fields))
		add_step(steps, "update", fields);
	act(a, e, job, ACTION_EDIT, steps);
}

void act_cancel(struct agent *a, struct entry *e, const struct job *job)
{
	_cleanup_json_ struct json_object *steps = json_object_new_array();

	log_info("job %u: deleted in Kubernetes, cancelling for uid %llu", e->id,
		 (unsigned long long)job->uid);
	add_step(steps, "cancel", NULL);
	act(a, e, job, ACTION_CANCEL, steps);
}

static void done(struct agent *a, struct entry *e, enum action action)
{
	char message[300];

	entry_set_in_sync(e);
	metrics_count(&a->metrics, action == ACTION_EDIT ? COUNT_EDIT_APPLIED : COUNT_CANCEL_APPLIED);
	if (action == ACTION_CANCEL) {
		e->cancelled = true;
		if (e->wanted)
			entry_set(&e->cancelled_by, e->wanted->jobs[0]->user);
		event_post(a, e, EVENT_NORMAL, "Cancelled", "the object was deleted: job cancelled");
		look_until_ended(a, e->id);
		return;
	}
	snprintf(message, sizeof(message), "applied in Slurm: %.250s", e->sent ? e->sent : "");
	event_post(a, e, EVENT_NORMAL, "Edited", message);
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
		done(a, e, action);
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

	while (owner_next(a->owner, &answer, &dead))
		take_answer(a, &answer);
	if (!dead)
		return;
	/* What it was doing is not known; started anew, the agent compares everything anew. */
	log_error("the owner helper is gone: ending, to be started anew");
	a->failed = a->stop = true;
}
