/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/companion_status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/hash.h"
#include "common/json.h"
#include "sync-agent/mirror/companion.h"
#include "sync-agent/mirror/text.h"

enum phase { PENDING, RUNNING, SUCCEEDED, FAILED };
static const char *const phases[] = { "Pending", "Running", "Succeeded", "Failed" };

static struct json_object *condition_of(struct json_object *job, const char *type)
{
	return json_find(json_get(job, "status.conditions"), "type", type);
}

/* A job whose end was never seen has failed, too: it doesn't run any more, and nobody knows how it
 * ended. */
static enum phase phase_of(struct json_object *job)
{
	if (condition_of(job, "Complete"))
		return SUCCEEDED;
	if (condition_of(job, "Failed"))
		return FAILED;
	return json_get(job, "status.startTime") ? RUNNING : PENDING;
}

bool companion_job_waits(struct json_object *job)
{
	return phase_of(job) == PENDING;
}

bool companion_job_ended(struct json_object *job)
{
	return phase_of(job) >= SUCCEEDED;
}

static const char *state_of(struct json_object *job)
{
	return json_get_string(job, "status.state") ?: "UNKNOWN";
}

/* -- containers ----------------------------------------------------------------------------- */

static struct json_object *waiting(struct json_object *job)
{
	struct json_object *o = json_object_new_object();
	const char *reason = json_get_string(job, "status.reason");
	char message[256];

	json_set_string(o, "reason", reason ? reason : state_of(job));
	snprintf(message, sizeof(message), "Slurm's job %" PRId64 " is %s",
		 json_get_int(job, "status.jobId", 0), state_of(job));
	json_set_string(o, "message", message);
	return o;
}

static struct json_object *running(struct json_object *job)
{
	struct json_object *o = json_object_new_object();

	json_set_string(o, "startedAt", json_get_string(job, "status.startTime"));
	return o;
}

/* A pod that has failed has no container with exit code 0. */
static int64_t exit_code(struct json_object *job, enum phase phase)
{
	int64_t code = json_get_int(job, "status.exitCode", 0),
		sig = json_get_int(job, "status.signal", 0);

	if (phase == SUCCEEDED)
		return 0;
	return code ? code : sig ? 128 + sig : 1;
}

static const char *end_reason(struct json_object *job, enum phase phase)
{
	const char *state = state_of(job);

	return phase == SUCCEEDED		 ? "Completed"
	       : !strcmp(state, "FAILED")	 ? "Error"
	       : !strcmp(state, "OUT_OF_MEMORY") ? "OOMKilled"
						 : state;
}

static void set_message(struct json_object *o, struct json_object *job)
{
	const char *reason = json_get_string(job, "status.reason");
	char message[256];

	snprintf(message, sizeof(message), "Slurm's job %" PRId64 " ended as %s%s%s",
		 json_get_int(job, "status.jobId", 0), state_of(job), reason ? ": " : "",
		 reason ? reason : "");
	json_set_string(o, "message", message);
}

static struct json_object *terminated(struct json_object *job, enum phase phase)
{
	struct json_object *o = json_object_new_object();
	int64_t sig = json_get_int(job, "status.signal", 0);

	json_set_int(o, "exitCode", exit_code(job, phase));
	if (sig)
		json_set_int(o, "signal", sig);
	json_set_string(o, "reason", end_reason(job, phase));
	if (phase == FAILED)
		set_message(o, job);
	json_set_string(o, "startedAt", json_get_string(job, "status.startTime"));
	json_set_string(o, "finishedAt", json_get_string(job, "status.endTime"));
	return o;
}

static struct json_object *container(struct json_object *job, enum phase phase,
				     struct json_object *spec)
{
	struct json_object *o = json_object_new_object(), *state = json_object_new_object();

	json_set_string(o, "name", json_get_string(spec, "name"));
	json_set_string(o, "image", json_get_string(spec, "image"));
	json_set_string(o, "imageID", "");
	json_set_bool(o, "ready", phase == RUNNING);
	json_set_bool(o, "started", phase == RUNNING);
	json_set_int(o, "restartCount", json_get_int(job, "status.restarts", 0));
	/* All three, since a merge leaves what isn't named. */
	json_object_object_add(state, "waiting", phase == PENDING ? waiting(job) : NULL);
	json_object_object_add(state, "running", phase == RUNNING ? running(job) : NULL);
	json_object_object_add(state, "terminated",
			       phase >= SUCCEEDED ? terminated(job, phase) : NULL);
	json_object_object_add(o, "state", state);
	return o;
}

/* -- the whole ------------------------------------------------------------------------------ */

static void add_condition(struct json_object *list, const char *type, bool is, const char *reason,
			  const char *since)
{
	struct json_object *o = json_object_new_object();

	json_set_string(o, "type", type);
	json_set_string(o, "status", is ? "True" : "False");
	json_set_string(o, "reason", is ? NULL : reason);
	json_set_string(o, "lastTransitionTime", since);
	json_object_array_add(list, o);
}

static struct json_object *conditions(struct json_object *job, enum phase phase)
{
	struct json_object *list = json_object_new_array();
	const char *submit = json_get_string(job, "status.submitTime");
	const char *start = json_get_string(job, "status.startTime") ?: submit;
	const char *end = json_get_string(job, "status.endTime") ?: start;
	const char *since = phase >= SUCCEEDED ? end : phase == RUNNING ? start : submit;
	const char *why = phase == SUCCEEDED ? "PodCompleted"
			  : phase == FAILED  ? "PodFailed"
					     : "ContainersNotReady";

	add_condition(list, "Initialized", true, NULL, submit);
	add_condition(list, "Ready", phase == RUNNING, why, since);
	add_condition(list, "ContainersReady", phase == RUNNING, why, since);
	add_condition(list, "PodScheduled", true, NULL, submit);
	return list;
}

/* kubectl get pods shows it in place of the phase. */
static const char *pod_reason(struct json_object *job, enum phase phase)
{
	const char *state = state_of(job);

	if (phase == FAILED && strcmp(state, "FAILED"))
		return end_reason(job, phase);
	return phase == RUNNING && !strcmp(state, "SUSPENDED") ? state : NULL;
}

struct json_object *companion_status(struct json_object *job, struct json_object *containers)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	enum phase phase = phase_of(job);
	const char *reason = pod_reason(job, phase);

	json_set_string(o, "phase", phases[phase]);
	json_object_object_add(o, "reason", reason ? json_object_new_string(reason) : NULL);
	json_object_object_add(o, "message", NULL);
	if (phase == FAILED)
		set_message(o, job);
	json_set_string(o, "startTime", json_get_string(job, "status.startTime"));
	json_object_object_add(o, "conditions", conditions(job, phase));
	for (size_t i = 0; i < json_length(containers); i++)
		json_object_array_add(
			list, container(job, phase, json_object_array_get_idx(containers, i)));
	json_object_object_add(o, "containerStatuses", list);
	return o;
}

/* -- comparing ------------------------------------------------------------------------------ */

/* The scheduler calls the same thing one or the other from round to round. */
static const char *steady(const char *reason)
{
	return reason && !strcmp(reason, "Resources") ? "Priority" : reason ? reason : "";
}

static uint64_t hash_container(uint64_t hash, struct json_object *c)
{
	static const char *const texts[] = { "name", "state.terminated.reason",
					     "state.running.startedAt",
					     "state.terminated.startedAt",
					     "state.terminated.finishedAt" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		hash = hash_text(hash, json_get_string(c, texts[i]) ?: "");
	hash = hash_text(hash, steady(json_get_string(c, "state.waiting.reason")));
	hash = hash_number(hash, (uint64_t)json_get_int(c, "state.terminated.exitCode", -1));
	return hash_number(hash, (uint64_t)json_get_int(c, "restartCount", 0));
}

uint64_t companion_status_hash(struct json_object *pod)
{
	struct json_object *status = json_get(pod, "status"),
			   *list = json_get(status, "containerStatuses");
	uint64_t hash = hash_text(HASH_SEED, json_get_string(status, "phase") ?: "");

	hash = hash_text(hash, json_get_string(status, "reason") ?: "");
	hash = hash_text(hash, json_get_string(status, "startTime") ?: "");
	for (size_t i = 0; i < json_length(list); i++)
		hash = hash_container(hash, json_object_array_get_idx(list, i));
	return hash;
}
