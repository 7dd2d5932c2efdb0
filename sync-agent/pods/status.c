/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/pods/status.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/pod_path.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/pods/container_status.h"

/* -- the job ---------------------------------------------------------------------------------- */

static struct json_object *condition_of(struct json_object *job, const char *type)
{
	return json_find(json_get(job, "status.conditions"), "type", type);
}

bool pod_job_ended(struct json_object *job)
{
	return condition_of(job, "Complete") || condition_of(job, "Failed");
}

void pod_job_cancelled(struct json_object *job)
{
	struct json_object *status = json_get(job, "status"), *o = json_object_new_object();
	struct json_object *list = json_object_new_array();

	json_set_string(o, "type", "Failed");
	json_set_string(o, "status", "True");
	for (size_t i = 0; i < json_length(json_get(status, "conditions")); i++)
		json_object_array_add(list, json_object_get(json_object_array_get_idx(
						    json_get(status, "conditions"), i)));
	json_object_array_add(list, o);
	json_object_object_add(status, "conditions", list);
	json_set_string(status, "state", "CANCELLED");
}

bool pod_job_started(struct json_object *job)
{
	const char *scheduled = json_get_string(condition_of(job, "Scheduled"), "status");

	return json_get_string(job, "status.startTime") && scheduled && !strcmp(scheduled, "True");
}

void pod_camel(const char *word, char *buf, size_t size)
{
	bool upper = true;
	size_t n = 0;

	for (; *word && n + 1 < size; word++) {
		if (!isalnum((unsigned char)*word)) {
			upper = true;
			continue;
		}
		buf[n++] = (char)(upper ? toupper((unsigned char)*word)
					: tolower((unsigned char)*word));
		upper = false;
	}
	buf[n] = '\0';
}

/* -- conditions ------------------------------------------------------------------------------- */

static void add_condition(struct json_object *list, const char *type, bool status,
			  const char *since, const char *reason, const char *message)
{
	struct json_object *c = json_object_new_object();

	json_set_string(c, "type", type);
	json_set_string(c, "status", status ? "True" : "False");
	if (since)
		json_set_string(c, "lastTransitionTime", since);
	if (reason && reason[0])
		json_set_string(c, "reason", reason);
	if (message && message[0])
		json_object_object_add(c, "message", text_json(message, TEXT_MAX));
	json_object_array_add(list, c);
}

/* Why it waits: what the SlurmJob says of being accepted, then of its nodes. */
static void waiting_for(struct json_object *job, const char **reason, char *message, size_t size)
{
	struct json_object *accepted = condition_of(job, "Accepted");
	struct json_object *scheduled = condition_of(job, "Scheduled");
	const char *status = json_get_string(accepted, "status") ?: "Unknown";
	struct json_object *why = strcmp(status, "True") ? accepted : scheduled;
	const char *words = json_get_string(why, "message"), *word = json_get_string(why, "reason");
	long long id = json_get_int(job, "status.jobId", 0);

	*reason = word ? word : "Submitting";
	if (id)
		snprintf(message, size, "Slurm job %lld waits: %.800s", id,
			 words ? words : *reason);
	else
		snprintf(message, size, "%.900s", words ? words : "the pod becomes a Slurm job");
}

struct times {
	const char *created, *started, *ended;
};

static struct json_object *conditions(struct json_object *pod, struct json_object *job, bool bound,
				      const struct times *times, bool ready, bool initialized,
				      const char *phase)
{
	struct json_object *list = json_object_new_array();
	const char *since = times->started ? times->started : times->created, *reason = NULL;
	const char *why = !strcmp(phase, "Succeeded") ? "PodCompleted"
			  : !strcmp(phase, "Failed")  ? "PodFailed"
						      : "ContainersNotReady";
	char message[1024];

	add_condition(list, POD_HAS_JOB, true, times->created, "Created",
		      json_get_string(job, "metadata.name"));
	add_condition(list, "Initialized", initialized, since,
		      initialized ? !strcmp(why, "PodCompleted") ? why : NULL
				  : "ContainersNotInitialized",
		      NULL);
	if (times->ended)
		since = times->ended;
	add_condition(list, "Ready", ready, since, ready ? NULL : why, NULL);
	add_condition(list, "ContainersReady", ready, since, ready ? NULL : why, NULL);
	if (bound) {
		add_condition(list, "PodScheduled", true,
			      times->started ? times->started : times->created, NULL, NULL);
		return list;
	}
	waiting_for(job, &reason, message, sizeof(message));
	add_condition(list, "PodScheduled", false, times->created, reason, message);
	return list;
}

/* -- the whole -------------------------------------------------------------------------------- */

static void set_text(struct json_object *o, const char *name, const char *text)
{
	json_object_object_add(o, name, text && text[0] ? text_json(text, TEXT_MAX) : NULL);
}

static void describe_end(struct json_object *job, const char *state, char *buf, size_t size)
{
	const char *words = json_get_string(condition_of(job, "Failed"), "message");
	const char *who = json_get_string(job, "status.cancelledBy");
	long long id = json_get_int(job, "status.jobId", 0);

	if (!strcmp(state, "CANCELLED") && who)
		snprintf(buf, size, "Slurm job %lld: CANCELLED by %.64s", id, who);
	else if (words && words[0] && strcmp(words, state))
		snprintf(buf, size, "Slurm job %lld: %.32s: %.800s", id, state, words);
	else
		snprintf(buf, size, "Slurm job %lld: %.32s", id, state);
}

/* A container that failed says so itself: then the pod has no reason of its own. */
static void set_failure(struct json_object *o, struct json_object *pod, struct json_object *job,
			struct json_object *report)
{
	const char *state = json_get_string(job, "status.state") ?: "UNKNOWN";
	const char *own = json_get_string(report, "reason");
	long long code = json_get_int(job, "status.exitCode", 0);
	bool deadline = json_get(pod, "spec.activeDeadlineSeconds") != NULL;
	char reason[64], message[1024];

	if (own && own[0]) {
		set_text(o, "reason", own);
		set_text(o, "message", json_get_string(report, "message"));
		return;
	}
	if (deadline && ((!strcmp(state, "FAILED") && code == POD_EXIT_DEADLINE) ||
			 !strcmp(state, "TIMEOUT"))) {
		set_text(o, "reason", "DeadlineExceeded");
		set_text(o, "message",
			 "Pod was active on the node longer than the specified deadline");
		return;
	}
	if (!strcmp(state, "FAILED") &&
	    (report || json_length(json_get(job, "status.steps")) > 1)) {
		set_text(o, "reason", NULL);
		set_text(o, "message", NULL);
		return;
	}
	pod_camel(state, reason, sizeof(reason));
	describe_end(job, state, message, sizeof(message));
	set_text(o, "reason", reason);
	set_text(o, "message", message);
}

static const char *phase_of(struct json_object *job, bool any_started)
{
	if (condition_of(job, "Complete"))
		return "Succeeded";
	if (condition_of(job, "Failed"))
		return "Failed";
	return any_started ? "Running" : "Pending";
}

struct json_object *pod_status(struct json_object *pod, struct json_object *job,
			       struct json_object *report, bool bound)
{
	struct json_object *o = json_object_new_object(), *init, *main;
	struct container_facts facts = {
		.job = job,
		.report = report,
		.started = pod_job_started(job),
		.ended = pod_job_ended(job),
		.restarts = strcmp(json_get_string(pod, "spec.restartPolicy") ?: "Always",
				   "Never") != 0,
	};
	struct times times = { json_get_string(pod, "metadata.creationTimestamp"),
			       facts.started ? json_get_string(job, "status.startTime") : NULL,
			       facts.ended ? json_get_string(job, "status.endTime") : NULL };
	const char *phase;

	init = container_statuses(json_get(pod, "spec.initContainers"), &facts);
	facts.initialized = facts.all_ended_well;
	main = container_statuses(json_get(pod, "spec.containers"), &facts);
	phase = phase_of(job, facts.any_started);
	json_set_string(o, "phase", phase);
	if (!strcmp(phase, "Failed")) {
		set_failure(o, pod, job, report);
	} else {
		set_text(o, "reason", NULL);
		set_text(o, "message", NULL);
	}
	json_object_object_add(o, "conditions",
			       conditions(pod, job, bound, &times, facts.all_run && !facts.ended,
					  facts.initialized && facts.started, phase));
	if (times.started)
		json_set_string(o, "startTime", times.started);
	if (json_length(init))
		json_object_object_add(o, "initContainerStatuses", init);
	else
		json_object_put(init);
	json_object_object_add(o, "containerStatuses", main);
	return o;
}

struct json_object *pod_status_refused(struct json_object *pod, const char *reason,
				       const char *message, bool failed)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	const char *created = json_get_string(pod, "metadata.creationTimestamp");

	json_set_string(o, "phase", failed ? "Failed" : "Pending");
	if (failed) {
		set_text(o, "reason", reason);
		set_text(o, "message", message);
		return json_object_put(list), o;
	}
	add_condition(list, "PodScheduled", false, created, reason, message);
	json_object_object_add(o, "conditions", list);
	return o;
}

bool pod_status_had_job(struct json_object *pod)
{
	return json_find(json_get(pod, "status.conditions"), "type", POD_HAS_JOB) != NULL;
}

bool pod_status_has(struct json_object *is, struct json_object *wanted)
{
	if (!wanted || !is)
		return !wanted && !is;
	if (json_object_is_type(wanted, json_type_object)) {
		json_object_object_foreach (wanted, name, value) {
			if (!pod_status_has(json_member(is, name), value))
				return false;
		}
		return json_object_is_type(is, json_type_object);
	}
	if (!json_object_is_type(wanted, json_type_array))
		return json_object_equal(is, wanted);
	if (json_length(is) != json_length(wanted))
		return false;
	for (size_t i = 0; i < json_length(wanted); i++)
		if (!pod_status_has(json_object_array_get_idx(is, i),
				    json_object_array_get_idx(wanted, i)))
			return false;
	return true;
}
