/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kubernetes Events: each is a write of its own, so for jobs born in Slurm only what somebody should
 * know. Source: Kubernetes API reference, Event v1 core. */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/text.h"

static void on_answer(void *ctx, const struct kube_answer *answer)
{
	if (answer->status != 201)
		log_debug("an Event was not written: %s", answer->problem);
}

static struct json_object *involved(const struct entry *e)
{
	struct json_object *o = json_object_new_object();

	json_set_string(o, "apiVersion", OBJECT_API_VERSION);
	json_set_string(o, "kind", "SlurmJob");
	json_set_string(o, "namespace", e->namespace);
	json_set_string(o, "name", e->name);
	json_set_string(o, "uid", e->uid);
	json_set_string(o, "resourceVersion", e->version);
	return o;
}

void event_post(struct agent *a, const struct entry *e, enum event_type type, const char *reason,
		const char *message)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *metadata = json_object_new_object(), *source = json_object_new_object();
	struct kube_request r = { .method = "POST", .done = on_answer };
	char name[300], path[256], now[TIME_SIZE], host[65] = "";
	struct timespec ts;

	if (!e->exists)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	text_time(ts.tv_sec, now);
	gethostname(host, sizeof(host) - 1);
	snprintf(name, sizeof(name), "%.200s.%llx", e->name,
		 (unsigned long long)ts.tv_sec * 1000000000ULL + (unsigned long long)ts.tv_nsec);
	json_set_string(metadata, "name", name);
	json_set_string(metadata, "namespace", e->namespace);
	json_set_string(source, "component", "slurm-kube-agent");
	json_set_string(source, "host", host);
	json_set_string(o, "apiVersion", "v1");
	json_set_string(o, "kind", "Event");
	json_object_object_add(o, "metadata", metadata);
	json_object_object_add(o, "involvedObject", involved(e));
	json_set_string(o, "type", type == EVENT_WARNING ? "Warning" : "Normal");
	json_set_string(o, "reason", reason);
	json_object_object_add(o, "message", text_json(message, 1024));
	json_object_object_add(o, "source", source);
	json_set_string(o, "firstTimestamp", now);
	json_set_string(o, "lastTimestamp", now);
	json_set_int(o, "count", 1);
	snprintf(path, sizeof(path), "/api/v1/namespaces/%.64s/events", e->namespace);
	r.path = path;
	r.body = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	if (kube_send(a->kube, &r, NULL) == 0)
		metrics_count(&a->metrics, COUNT_WRITE_EVENT);
}

/* The states that somebody should know of, and how they are told. */
static const struct {
	const char *state;
	enum event_type type;
	const char *reason, *message;
} told[] = {
	{ "FAILED", EVENT_WARNING, "Failed", "the job failed" },
	{ "TIMEOUT", EVENT_WARNING, "Timeout", "the job reached its time limit" },
	{ "OUT_OF_MEMORY", EVENT_WARNING, "OutOfMemory", "the job ran out of memory" },
	{ "NODE_FAIL", EVENT_WARNING, "NodeFail", "a node of the job failed" },
	{ "BOOT_FAIL", EVENT_WARNING, "BootFail", "a node of the job did not boot" },
	{ "PREEMPTED", EVENT_WARNING, "Preempted", "the job was preempted" },
	{ "DEADLINE", EVENT_WARNING, "Deadline", "the job could not end before its deadline" },
	{ "REQUEUED", EVENT_NORMAL, "Requeued", "the job was requeued" },
	{ "REQUEUE_HOLD", EVENT_NORMAL, "Requeued", "the job was requeued and held" },
};

void event_transition(struct agent *a, const struct entry *e, const struct view *v)
{
	/* Without a state before there was no transition to be seen. */
	if (!e->state[0] || !strcmp(e->state, v->state))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(told); i++)
		if (!strcmp(told[i].state, v->state))
			event_post(a, e, told[i].type, told[i].reason, told[i].message);
}
