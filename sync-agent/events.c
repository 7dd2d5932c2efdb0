/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kubernetes Events. Each is a write of its own, so there is a budget for them (recorder.h), and of
 * jobs born in Slurm only what somebody should know. Source: Kubernetes API reference, Event v1
 * core. */
#include <string.h>
#include <time.h>

#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/fence.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/text.h"

/* An Event under way. */
struct sending {
	struct agent *agent;
	struct event_record *record;
};

static enum recorder_answer meaning(const struct event_record *e, const struct kube_answer *answer)
{
	if (answer->status == 200 || answer->status == 201)
		return RECORDER_WRITTEN;
	/* Its name is its own: that is the Event, whose answer was lost. */
	if (answer->status == 409 && !e->posted)
		return RECORDER_WRITTEN;
	if (answer->status == 404 && e->posted)
		return RECORDER_GONE;
	if (answer->status == 0 || answer->status == 401 || answer->status == 409 || answer->status == 429 ||
	    answer->status >= 500)
		return RECORDER_LATER;
	return RECORDER_NEVER;
}

static void on_answer(void *ctx, const struct kube_answer *answer)
{
	struct sending *s = ctx;
	enum recorder_answer what = meaning(s->record, answer);

	if (what == RECORDER_NEVER)
		log_debug("an Event was not written: %s", answer->problem);
	recorder_answered(&s->agent->events, s->record, what, clock_us());
	free(s);
}

static void send_event(struct agent *a, struct event_record *e)
{
	_cleanup_json_ struct json_object *body = recorder_body(e);
	struct sending *s = malloc(sizeof(*s));
	struct kube_request r = { .method = e->posted ? "PATCH" : "POST",
				  .done = on_answer,
				  .ctx = s };
	char path[600];

	snprintf(path, sizeof(path), "/api/v1/namespaces/%.64s/events%s%.300s", e->namespace,
		 e->posted ? "/" : "", e->posted ? e->name : "");
	r.path = path;
	r.type = e->posted ? "application/merge-patch+json" : NULL;
	r.body = json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN);
	if (s)
		*s = (struct sending){ a, e };
	if (!s || kube_send(a->kube, &r, NULL) < 0) {
		recorder_answered(&a->events, e, RECORDER_LATER, clock_us());
		free(s);
		return;
	}
	metrics_count(&a->metrics, COUNT_WRITE_EVENT);
}

int64_t events_run(struct agent *a)
{
	bool busy = a->queues[QUEUE_READY] != NULL;
	struct event_record *e;
	int64_t when = INT64_MAX;

	if (fence_passed() || clock_us() < a->kube_pause_until)
		return INT64_MAX; /* sync_run() knows when */
	while (kube_has_room(a->kube) &&
	       (e = recorder_next(&a->events, clock_us(), busy, a->stop, &when)))
		send_event(a, e);
	return kube_has_room(a->kube) ? when : INT64_MAX;
}

static void post(struct agent *a, const struct entry *e, enum event_type type, const char *reason,
		 const char *message, uint64_t occasion)
{
	struct event_what what = {
		.api_version = OBJECT_API_VERSION,
		.kind = "SlurmJob",
		.namespace = e->namespace,
		.name = e->name,
		.uid = e->uid,
		.version = e->version,
		.warning = type == EVENT_WARNING,
		.reason = reason,
		.message = message,
		.occasion = occasion,
	};
	struct timespec wall;

	if (!e->exists)
		return;
	clock_gettime(CLOCK_REALTIME, &wall);
	recorder_add(&a->events, &what, clock_us(), wall);
}

void event_post(struct agent *a, const struct entry *e, enum event_type type, const char *reason,
		const char *message)
{
	post(a, e, type, reason, message, 0);
}

void event_post_once(struct agent *a, const struct entry *e, enum event_type type,
		     const char *reason, const char *message, uint64_t occasion)
{
	post(a, e, type, reason, message, occasion ? occasion : 1);
}
