/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/hash.h"
#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/submit/steps.h"
#include "sync-agent/write.h"

static uint64_t hash_of(const char *status, const char *reason, const char *message)
{
	return hash_text(hash_text(hash_text(HASH_SEED, status), reason), message);
}

void submit_take_shown(struct submission *s, struct json_object *object)
{
	struct json_object *c = json_find(json_get(object, "status.conditions"), "type", "Accepted");
	const char *status = json_get_string(c, "status");

	s->shown_hash = 0;
	s->shown_false = false;
	s->shown_generation = json_get_int(object, "status.observedGeneration", 0);
	if (!status)
		return;
	/* Refused before this agent was started: there is no other answer to the same. */
	s->shown_false = !strcmp(status, "False");
	s->refused |= s->shown_false &&
		      s->shown_generation == json_get_int(object, "metadata.generation", 0);
	s->shown_hash = hash_of(status, json_get_string(c, "reason") ?: "",
				json_get_string(c, "message") ?: "");
}

/* One condition, and only what differs from what the object says already. */
static void tell(struct agent *a, struct entry *e, const char *status, const char *reason,
		 const char *message)
{
	struct write w = { .agent = a, .entry = e, .what = "write status", .count = COUNT_WRITE_STATUS,
			   .done = write_take_object, .missing = write_object_missing };
	_cleanup_json_ struct json_object *o = json_object_new_object();
	_cleanup_json_ struct json_object *text = text_json(message, TEXT_MAX);
	struct json_object *all = json_object_new_object(), *list = json_object_new_array();
	struct submission *s = e->submission;
	uint64_t hash = hash_of(status, reason, json_object_get_string(text));

	json_object_array_add(list, write_condition("Accepted", status, reason,
						    json_object_get_string(text)));
	json_object_object_add(all, "conditions", list);
	json_set_int(all, "observedGeneration", e->generation);
	json_set_string(all, "cluster", a->cluster);
	json_object_object_add(o, "status", all);
	if (s->shown_hash == hash && s->shown_generation == e->generation)
		return;
	s->shown_hash = hash;
	s->shown_generation = e->generation;
	log_info("%s/%s: not submitted: %s", e->namespace, e->name, message);
	event_post(a, e, EVENT_WARNING, reason, message);
	write_send(a, &w, "PATCH", MERGE, o, OBJECT_PATH "/%s/status?" MANAGER, e->namespace,
		   e->name);
}

void submit_wait(struct agent *a, struct entry *e, const char *reason, const char *message)
{
	struct submission *s = e->submission;

	/* All is read anew then. */
	s->step = SUBMIT_GATHER;
	s->user[0] = '\0';
	json_object_put(s->references);
	s->references = NULL;
	s->wait_until = clock_us() + SUBMIT_WAIT_FIRST * (1 << (s->waits < 4 ? s->waits : 4));
	s->waits++;
	tell(a, e, "Unknown", reason, message);
	if (!e->in_flight)
		sync_enqueue(a, e);
}

void submit_refuse(struct agent *a, struct entry *e, const char *reason, const char *message)
{
	e->submission->refused = true;
	metrics_count(&a->metrics, COUNT_SUBMIT_REFUSED);
	tell(a, e, "False", reason, message);
}
