/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/conditions.h"

#include <ctype.h>
#include <string.h>
#include <sys/wait.h>

#include "common/json.h"
#include "sync-agent/mirror/text.h"

static void add(struct json_object *list, const char *type, bool status, time_t since,
		const char *reason, const char *message)
{
	struct json_object *c = json_object_new_object();
	char when[TIME_SIZE];

	text_time(since, when);
	json_set_string(c, "type", type);
	json_set_string(c, "status", status ? "True" : "False");
	json_set_string(c, "lastTransitionTime", when);
	json_set_string(c, "reason", reason);
	/* Never empty: API servers built with newer Go than they were written for refuse "". */
	json_object_object_add(c, "message", text_json(message[0] ? message : reason, TEXT_MAX));
	json_object_array_add(list, c);
}

/* Slurm's reasons are words like "Resources", but not all: "Nodes required for job are DOWN" is a
 * state_desc, and "None" says nothing. A condition's reason has to be one word. */
static const char *reason_word(const struct view *v)
{
	bool word = isalpha((unsigned char)v->reason[0]);

	for (const char *p = v->reason; word && *p; p++)
		word = isalnum((unsigned char)*p) || *p == '_';
	return word && strcmp(v->reason, "None") ? v->reason : "Pending";
}

static const char *reason_text(const struct view *v)
{
	if (v->lead->state_desc[0])
		return v->lead->state_desc;
	return strcmp(v->reason, "None") ? v->reason : "";
}

static void describe_end(const struct view *v, char *buf, size_t size)
{
	int status = v->exit_status == JOB_NONE ? 0 : (int)v->exit_status;

	if (WIFSIGNALED(status))
		snprintf(buf, size, "killed by signal %d", WTERMSIG(status));
	else if (status)
		snprintf(buf, size, "exit code %d", WEXITSTATUS(status));
	else
		snprintf(buf, size, "%s", reason_text(v));
}

struct json_object *conditions_of(const struct view *v, const struct synced *synced)
{
	const struct job *job = v->lead;
	bool ended = v->phase == PHASE_COMPLETED || v->phase == PHASE_FAILED;
	bool started = v->phase != PHASE_PENDING && v->start;
	bool running = !strcmp(v->state, "RUNNING");
	struct json_object *list = json_object_new_array();
	char end[TEXT_MAX];

	add(list, "Accepted", true, job->submit, "Submitted", "Slurm has the job");
	if (started)
		add(list, "Scheduled", true, v->start, "Allocated", job->node_list);
	else
		add(list, "Scheduled", false, job->submit, ended ? v->state : reason_word(v),
		    reason_text(v));
	add(list, "Running", running, ended ? v->end : started ? v->start : job->submit,
	    v->state, "");
	if (v->phase == PHASE_COMPLETED)
		add(list, "Complete", true, v->end, v->state, "");
	if (v->phase == PHASE_FAILED) {
		describe_end(v, end, sizeof(end));
		add(list, "Failed", true, v->end, v->state, end);
	}
	if (synced->refused)
		add(list, "Synced", false, synced->since,
		    synced->reason[0] ? synced->reason : "Refused", synced->message);
	else
		add(list, "Synced", true, synced->since ? synced->since : (time_t)job->submit,
		    "InSync", "spec and Slurm agree");
	return list;
}
