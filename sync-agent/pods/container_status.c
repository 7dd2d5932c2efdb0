/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/pods/container_status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/json.h"
#include "common/pod_path.h"
#include "sync-agent/mirror/text.h"

#define KILLED (128 + 9)
#define RESTARTS_MAX 1000000

/* One start of a container. */
struct turn {
	bool known, ended;
	char started[TIME_SIZE], finished[TIME_SIZE];
	int64_t exit_code, signal;
	char reason[64];
	struct json_object *message; /* borrowed; NULL: none */
	char id[64];		     /* the step's */
	const char *digest;
};

struct container {
	const char *name;
	int64_t restarts;
	struct turn turn, last;
};

/* -- steps ------------------------------------------------------------------------------------ */

static void set_time(char buf[TIME_SIZE], const char *text)
{
	snprintf(buf, TIME_SIZE, "%s", text ? text : "");
}

static void take_step(struct turn *t, struct json_object *step, long long job)
{
	const char *state = json_get_string(step, "state") ?: "UNKNOWN";
	const char *end = json_get_string(step, "endTime");

	*t = (struct turn){ .known = true, .ended = end || json_get(step, "exitCode") };
	set_time(t->started, json_get_string(step, "startTime"));
	set_time(t->finished, end);
	t->signal = json_get_int(step, "signal", 0);
	t->exit_code = json_get_int(step, "exitCode", 0);
	if (t->signal && !t->exit_code)
		t->exit_code = 128 + t->signal;
	t->digest = json_get_string(step, "digest");
	if (!strcmp(state, "OUT_OF_MEMORY"))
		snprintf(t->reason, sizeof(t->reason), "OOMKilled");
	else
		snprintf(t->reason, sizeof(t->reason), "%s", t->exit_code ? "Error" : "Completed");
	snprintf(t->id, sizeof(t->id), "slurm://%lld.%.20s", job,
		 json_get_string(step, "id") ?: "");
}

/* How often it was started before, by the step's name; -1 if it is not the container's. */
static int64_t restarts_of(const char *step, const char *name)
{
	size_t n = strlen(name);
	char *end;
	long count;

	if (strncmp(step, name, n))
		return -1;
	if (!step[n])
		return 0;
	count = strtol(step + n + 1, &end, 10);
	return step[n] == '.' && !*end && count > 0 && count < RESTARTS_MAX ? count : -1;
}

static void take_steps(struct container *c, struct json_object *job)
{
	struct json_object *steps = json_get(job, "status.steps");
	long long id = json_get_int(job, "status.jobId", 0);
	int64_t latest = -1, before = -1;

	for (size_t i = 0; i < json_length(steps); i++) {
		struct json_object *step = json_object_array_get_idx(steps, i);
		int64_t n = restarts_of(json_get_string(step, "name") ?: "", c->name);

		if (n > latest) {
			if (latest >= 0) {
				c->last = c->turn;
				before = latest;
			}
			take_step(&c->turn, step, id);
			latest = n;
		} else if (n > before && n < latest) {
			take_step(&c->last, step, id);
			before = n;
		}
	}
	if (latest > 0)
		c->restarts = latest;
}

/* -- the report ------------------------------------------------------------------------------- */

static void take_turn(struct turn *t, struct json_object *o)
{
	int64_t started = json_get_int(o, "startedAt", 0),
		finished = json_get_int(o, "finishedAt", 0);
	struct json_object *message = json_get(o, "message");

	if (started <= 0)
		return;
	t->known = true;
	text_time(started, t->started);
	t->message = json_object_is_type(message, json_type_string) ? message : NULL;
	if (finished <= 0)
		return;
	t->ended = true;
	text_time(finished, t->finished);
	t->exit_code = json_get_int(o, "exitCode", 0) & 0xff;
	/* What killed it, Slurm knows better. */
	if (strcmp(t->reason, "OOMKilled"))
		snprintf(t->reason, sizeof(t->reason), "%.60s",
			 json_get_string(o, "reason") ?: "Error");
}

static void take_report(struct container *c, struct json_object *report)
{
	struct json_object *list = json_get(report, "containers");

	for (size_t i = 0; i < json_length(list) && i < 256; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		const char *name = json_get_string(o, "name");
		int64_t restarts = json_get_int(o, "restartCount", 0);

		if (!name || strcmp(name, c->name))
			continue;
		if (restarts > c->restarts && restarts < RESTARTS_MAX)
			c->restarts = restarts;
		take_turn(&c->turn, json_get(o, "state"));
		take_turn(&c->last, json_get(o, "last"));
	}
}

/* -- states ----------------------------------------------------------------------------------- */

static struct json_object *one(const char *name, struct json_object *value)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, name, value);
	return o;
}

static struct json_object *waiting(const char *reason)
{
	struct json_object *o = json_object_new_object();

	json_set_string(o, "reason", reason);
	return one("waiting", o);
}

static struct json_object *running(const struct turn *t)
{
	struct json_object *o = json_object_new_object();

	if (t->started[0])
		json_set_string(o, "startedAt", t->started);
	return one("running", o);
}

static struct json_object *terminated(const struct turn *t)
{
	struct json_object *o = json_object_new_object();

	json_set_int(o, "exitCode", t->exit_code);
	if (t->signal)
		json_set_int(o, "signal", t->signal);
	json_set_string(o, "reason", t->reason[0] ? t->reason : "Error");
	if (t->started[0])
		json_set_string(o, "startedAt", t->started);
	if (t->finished[0])
		json_set_string(o, "finishedAt", t->finished);
	if (t->message)
		json_object_object_add(
			o, "message",
			text_json(json_object_get_string(t->message), POD_MESSAGE_MAX));
	if (t->id[0])
		json_set_string(o, "containerID", t->id);
	return one("terminated", o);
}

/* The job has ended, and nobody saw how the container did: whatever ended the job ended it. */
static void end_with_job(struct turn *t, struct json_object *job)
{
	const char *state = json_get_string(job, "status.state") ?: "UNKNOWN";

	t->ended = true;
	t->exit_code = strcmp(state, "COMPLETED") ? KILLED : 0;
	pod_camel(state, t->reason, sizeof(t->reason));
	set_time(t->finished, json_get_string(job, "status.endTime"));
}

static struct json_object *state_of(struct container *c, const struct container_facts *f)
{
	bool again = f->restarts && !f->ended;

	if (c->turn.known && !c->turn.ended && f->ended)
		end_with_job(&c->turn, f->job);
	if (!c->turn.known)
		return waiting(f->initialized && f->started ? "ContainerCreating"
							    : "PodInitializing");
	if (!c->turn.ended)
		return running(&c->turn);
	if (again && c->turn.exit_code) {
		c->last = c->turn;
		return waiting("CrashLoopBackOff");
	}
	return terminated(&c->turn);
}

static struct json_object *status_of(struct json_object *spec, struct container_facts *f)
{
	struct container c = { .name = json_get_string(spec, "name") ?: "" };
	struct json_object *o = json_object_new_object(), *state;
	bool is_running, ended_well;

	take_steps(&c, f->job);
	if (f->report)
		take_report(&c, f->report);
	state = state_of(&c, f);
	is_running = json_get(state, "running") != NULL;
	ended_well = json_get(state, "terminated") && !c.turn.exit_code;
	f->any_started |= c.turn.known;
	f->all_run &= is_running;
	f->all_ended_well &= ended_well;
	json_set_string(o, "name", c.name);
	json_object_object_add(o, "state", state);
	json_object_object_add(o, "lastState",
			       c.last.known && c.last.ended ? terminated(&c.last)
							    : json_object_new_object());
	json_set_bool(o, "ready", is_running || ended_well);
	json_set_bool(o, "started", is_running);
	json_set_int(o, "restartCount", c.restarts);
	json_set_string(o, "image", json_get_string(spec, "image") ?: "");
	json_set_string(o, "imageID", c.turn.digest ? c.turn.digest : "");
	if (c.turn.id[0])
		json_set_string(o, "containerID", c.turn.id);
	return o;
}

struct json_object *container_statuses(struct json_object *containers,
				       struct container_facts *facts)
{
	struct json_object *list = json_object_new_array();

	facts->all_run = facts->all_ended_well = true;
	for (size_t i = 0; i < json_length(containers); i++)
		json_object_array_add(list,
				      status_of(json_object_array_get_idx(containers, i), facts));
	return list;
}
