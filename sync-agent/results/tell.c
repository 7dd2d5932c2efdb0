/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the object tells of a collection: status.results, the condition, an Event at the end. */
#include <string.h>
#include <time.h>

#include "common/hash.h"
#include "common/json.h"
#include "common/size.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"
#include "sync-agent/results/collection.h"
#include "sync-agent/results/note.h"
#include "sync-agent/write.h"

#define FIRST_AFTER 2000000 /* what takes less is told once, at the end */
#define EVERY 5000000
#define AGAIN 250000 /* a write failed, or something else is under way */

/* -- how it begins ---------------------------------------------------------------------------- */

static struct json_object *pending(struct json_object *entry)
{
	struct json_object *o = json_object_new_object();

	json_set_string(o, "name", json_get_string(entry, "name"));
	json_set_string(o, "from", json_get_string(entry, "from"));
	json_set_string(o, "state", "Pending");
	return o;
}

/* What an agent before has told of the same. */
static struct json_object *told_before(const struct collection *c)
{
	struct json_object *status = json_get(c->object, "status");
	const char *told = json_get_string(status, "resultsHash");
	struct json_object *list = json_get(status, "results");
	char key[RESULTS_KEY_SIZE];

	results_key_text(c->key, key);
	return told && !strcmp(told, key) && json_length(list) == json_length(c->list) ? list
										       : NULL;
}

void collection_begin_results(struct collection *c)
{
	struct json_object *before = c->invalid || c->clear ? NULL : told_before(c);

	c->begun = before != NULL;
	c->results = before ? json_object_get(before) : json_object_new_array();
	for (size_t i = 0; i < json_length(c->list) && !before && !c->invalid && !c->clear; i++)
		json_object_array_add(c->results, pending(json_object_array_get_idx(c->list, i)));
	c->tell_at = clock_us() + FIRST_AFTER;
}

/* -- the condition ---------------------------------------------------------------------------- */

struct summary {
	size_t n, over, failed, skipped; /* entries */
	int64_t files, bytes;
	size_t first; /* that failed, or else was skipped */
};

static void sum_up(const struct collection *c, struct summary *s)
{
	*s = (struct summary){ .n = json_length(c->results) };
	for (size_t i = 0; i < s->n; i++) {
		struct json_object *o = json_object_array_get_idx(c->results, i);
		const char *state = json_get_string(o, "state") ?: "";
		bool failed = !strcmp(state, "Failed"), skipped = !strcmp(state, "Skipped");

		s->over += failed || skipped || !strcmp(state, "Collected");
		if ((failed && !s->failed) || (skipped && !s->failed && !s->skipped))
			s->first = i;
		s->failed += failed;
		s->skipped += skipped;
		s->files += json_get_int(o, "files", 0);
		s->bytes += json_get_int(o, "bytes", 0);
	}
}

static const char *reason_of(const struct collection *c, const struct summary *s)
{
	return c->invalid	? OBJECT_RESULTS_INVALID
	       : s->over < s->n ? RESULTS_UNDER_WAY
	       : s->failed	? "Failed"
	       : s->skipped	? "Skipped"
				: "Collected";
}

static void message_of(const struct collection *c, const struct summary *s, char *buf, size_t size)
{
	struct json_object *o = json_object_array_get_idx(c->results, s->first);
	const char *name = json_get_string(o, "name") ?: json_get_string(o, "from");
	char bytes[SIZE_TEXT_MAX];

	if (c->invalid)
		snprintf(buf, size, "%s", c->invalid);
	else if (s->over < s->n)
		snprintf(buf, size, "%zu of %zu results are done", s->over, s->n);
	else if (s->failed || s->skipped)
		snprintf(buf, size, "results[%zu] (%.100s): %.700s%s", s->first, name ?: "",
			 json_get_string(o, "message") ?: "",
			 s->failed + s->skipped > 1 ? "; others are told in status.results" : "");
	else
		snprintf(buf, size, "%lld files, %s", (long long)s->files,
			 size_format((uint64_t)s->bytes, bytes));
}

static struct json_object *condition_of(const struct collection *c, struct json_object *before)
{
	const char *since = json_get_string(before, "lastTransitionTime");
	const char *old = json_get_string(before, "status");
	char message[TEXT_MAX];
	struct json_object *o;
	struct summary s;
	const char *reason;
	bool is;

	sum_up(c, &s);
	reason = reason_of(c, &s);
	is = !strcmp(reason, "Collected");
	message_of(c, &s, message, sizeof(message));
	o = write_condition(OBJECT_RESULTS_CONDITION, is ? "True" : "False", reason, message);
	json_object_object_add(o, "message", text_json(message, TEXT_MAX));
	if (old && since && !strcmp(old, is ? "True" : "False"))
		json_set_string(o, "lastTransitionTime", since);
	return o;
}

/* -- writing ---------------------------------------------------------------------------------- */

static struct collection *collection_of(const struct write *w)
{
	struct collection *c;

	HASH_FIND_STR(w->agent->results.all, w->entry->uid, c);
	return c;
}

/* Others' conditions, and ours. */
static struct json_object *conditions_of_status(const struct collection *c,
						struct json_object *status)
{
	struct json_object *list = json_get(status, "conditions"), *new = json_object_new_array();
	struct json_object *before = results_condition(status);

	for (size_t i = 0; i < json_length(list); i++)
		if (json_object_array_get_idx(list, i) != before)
			json_object_array_add(new,
					      json_object_get(json_object_array_get_idx(list, i)));
	if (!c->clear)
		json_object_array_add(new, condition_of(c, before));
	return new;
}

static struct json_object *status_of(const struct collection *c, struct json_object *object)
{
	struct json_object *o = json_object_new_object();
	char key[RESULTS_KEY_SIZE], now[TIME_SIZE];

	results_key_text(c->key, key);
	text_time(time(NULL), now);
	json_object_object_add(o, "results",
			       json_length(c->results) ? json_object_get(c->results) : NULL);
	json_object_object_add(o, "resultsHash", c->clear ? NULL : json_object_new_string(key));
	json_object_object_add(o, "conditions",
			       conditions_of_status(c, json_get(object, "status")));
	json_set_string(o, "lastSyncTime", now);
	return o;
}

static void tell_event(struct collection *c, struct entry *e)
{
	char message[TEXT_MAX];
	struct summary s;
	const char *reason;

	sum_up(c, &s);
	reason = reason_of(c, &s);
	message_of(c, &s, message, sizeof(message));
	log_info("%s/%s: results: %s", c->namespace, c->name, message);
	event_post_once(c->agent, e, s.failed || c->invalid ? EVENT_WARNING : EVENT_NORMAL,
			!strcmp(reason, "Collected") ? "ResultsCollected"
			: !strcmp(reason, "Skipped") ? "ResultsSkipped"
						     : "ResultsFailed",
			message, hash_number(hash_text(HASH_SEED, reason), c->key));
}

static void told(struct write *w, struct json_object *object)
{
	struct collection *c = collection_of(w);
	struct entry *e = w->entry;

	write_take_object(w, object);
	/* It may have been found to be about something else by now. */
	if (!c || c != collection_of(w))
		return;
	c->told = c->sending;
	c->begun = !c->clear;
	if (c->step != COLLECT_TELL || c->told != c->changes)
		return;
	if (!c->clear)
		tell_event(c, e);
	collection_forget(c);
	/* A deletion has waited for it. */
	if (e->deleting && !e->wanted && !e->gone)
		slurm_thread_ask(w->agent->slurm, ASK_JOB, e->id, true);
}

/* The object as it is now: what else its status says stays. */
static void got_object(struct write *w, struct json_object *object)
{
	struct write next = { .agent = w->agent,
			      .entry = w->entry,
			      .what = "write results",
			      .count = COUNT_WRITE_STATUS,
			      .done = told,
			      .missing = write_object_missing };
	struct collection *c = collection_of(w);
	_cleanup_json_ struct json_object *o = NULL;
	struct json_object *metadata;
	struct entry *e = w->entry;

	if (!c || !object)
		return;
	o = json_object_new_object();
	metadata = json_object_new_object();
	json_set_string(metadata, "resourceVersion",
			json_get_string(object, "metadata.resourceVersion"));
	json_set_string(metadata, "uid", c->uid);
	json_object_object_add(o, "metadata", metadata);
	json_object_object_add(o, "status", status_of(c, object));
	c->sending = c->changes;
	c->tell_at = clock_us() + EVERY;
	write_send(c->agent, &next, "PATCH", MERGE, o, OBJECT_PATH "/%s/status?" MANAGER,
		   e->namespace, e->name);
	w->settled = true; /* its answer brings the entry back */
}

static void read_object(struct collection *c, struct entry *e)
{
	struct write w = { .agent = c->agent,
			   .entry = e,
			   .what = "read",
			   .count = COUNT_READ,
			   .done = got_object,
			   .missing = write_object_missing };

	write_send(c->agent, &w, "GET", NULL, NULL, OBJECT_PATH "/%s", e->namespace, e->name);
}

int64_t collection_tell(struct collection *c)
{
	struct entry *e = collection_entry(c);
	int64_t now = clock_us();

	if (!e || !c->results || c->told == c->changes)
		return INT64_MAX;
	if (now < c->tell_at)
		return c->tell_at;
	c->tell_at = now + AGAIN;
	if (!e->in_flight && kube_has_room(c->agent->kube))
		read_object(c, e);
	return c->tell_at;
}

/* Nothing else is to be done: at once. */
bool collect_tell(struct collection *c)
{
	if (!c->last) {
		c->last = true;
		c->changes++;
		c->tell_at = 0;
	}
	return false;
}
