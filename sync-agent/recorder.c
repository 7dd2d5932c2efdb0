/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/recorder.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "common/hash.h"
#include "common/json.h"
#include "sync-agent/mirror/text.h"

#define OBJECT_REFILL_US 30000000.0
#define TRIES_MAX 20
#define LATER_US 1000000
#define MESSAGE_MAX 1024

static uint64_t hash_line(uint64_t hash, const char *text)
{
	return hash_number(hash_bytes(hash, text, strlen(text)), '\n');
}

static uint64_t key_of(const struct event_what *w)
{
	uint64_t hash = hash_line(hash_line(HASH_SEED, w->uid), w->reason);

	/* What happens once is told once, even if by then there is more to say of it. */
	return w->occasion ? hash_number(hash, w->occasion) : hash_line(hash, w->message);
}

/* -- budgets -------------------------------------------------------------------------------- */

static bool object_may(struct recorder *r, const char *uid, int64_t now)
{
	size_t i = hash_line(HASH_SEED, uid) % ARRAY_SIZE(r->objects);
	float *spent = &r->objects[i].tokens;

	*spent -= (float)((double)(now - r->objects[i].at) / OBJECT_REFILL_US);
	r->objects[i].at = now;
	if (*spent < 0)
		*spent = 0;
	if (*spent > RECORDER_OBJECT_BURST - 1)
		return false;
	*spent += 1;
	return true;
}

/* Returns 0 if one may be written now, else when. */
static int64_t may_at(struct recorder *r, int64_t now, bool busy)
{
	double gained = (double)(now - r->tokens_at) / RECORDER_SPACING_US;

	if (!r->tokens_at)
		gained = RECORDER_BURST;
	r->tokens_at = now;
	r->tokens = r->tokens + gained > RECORDER_BURST ? RECORDER_BURST : r->tokens + gained;
	if (busy && now < r->next_at)
		return r->next_at;
	return r->tokens >= 1 ? 0 : now + RECORDER_SPACING_US;
}

/* -- records -------------------------------------------------------------------------------- */

static void queue(struct recorder *r, struct event_record *e)
{
	if (e->queued)
		return;
	e->queued = true;
	DL_APPEND(r->queue, e);
	r->queued++;
}

static void unqueue(struct recorder *r, struct event_record *e)
{
	if (!e->queued)
		return;
	e->queued = false;
	DL_DELETE(r->queue, e);
	r->queued--;
}

static void record_free(struct recorder *r, struct event_record *e)
{
	unqueue(r, e);
	HASH_DEL(r->records, e);
	json_object_put(e->body);
	free(e->namespace);
	free(e->name);
	free(e);
}

/* The oldest goes, written or not; at the head are those told longest ago. */
static void make_room(struct recorder *r)
{
	struct event_record *e, *tmp;

	if (HASH_COUNT(r->records) < RECORDS_MAX)
		return;
	HASH_ITER (hh, r->records, e, tmp) {
		if (e->in_flight)
			continue;
		r->dropped += e->queued;
		record_free(r, e);
		return;
	}
}

static struct json_object *involved(const struct event_what *w)
{
	struct json_object *o = json_object_new_object();

	json_set_string(o, "apiVersion", w->api_version);
	json_set_string(o, "kind", w->kind);
	json_set_string(o, "namespace", w->namespace);
	json_set_string(o, "name", w->name);
	json_set_string(o, "uid", w->uid);
	json_set_string(o, "resourceVersion", w->version);
	return o;
}

static struct json_object *new_body(const struct event_what *w, const char *name,
				    struct timespec wall)
{
	struct json_object *o = json_object_new_object(), *metadata = json_object_new_object();
	struct json_object *source = json_object_new_object();
	char now[TIME_SIZE], host[65] = "";

	text_time(wall.tv_sec, now);
	gethostname(host, sizeof(host) - 1);
	json_set_string(metadata, "name", name);
	json_set_string(metadata, "namespace", w->namespace);
	json_set_string(source, "component", "slurm-kube-agent");
	json_set_string(source, "host", host);
	json_set_string(o, "apiVersion", "v1");
	json_set_string(o, "kind", "Event");
	json_object_object_add(o, "metadata", metadata);
	json_object_object_add(o, "involvedObject", involved(w));
	json_set_string(o, "type", w->warning ? "Warning" : "Normal");
	json_set_string(o, "reason", w->reason);
	json_object_object_add(o, "message", text_json(w->message, MESSAGE_MAX));
	json_object_object_add(o, "source", source);
	json_set_string(o, "firstTimestamp", now);
	return o;
}

static struct event_record *new_record(struct recorder *r, const struct event_what *w, uint64_t key,
				       struct timespec wall)
{
	uint64_t moment = (uint64_t)wall.tv_sec * 1000000000ULL + (uint64_t)wall.tv_nsec;
	struct event_record *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	if (asprintf(&e->name, "%.200s.%llx", w->name,
		     (unsigned long long)(w->occasion ? key : moment)) < 0)
		e->name = NULL;
	e->namespace = strdup(w->namespace);
	if (!e->name || !e->namespace) {
		free(e->name);
		free(e->namespace);
		free(e);
		return NULL;
	}
	e->key = key;
	e->once = w->occasion != 0;
	e->body = new_body(w, e->name, wall);
	HASH_ADD(hh, r->records, key, sizeof(e->key), e);
	return e;
}

void recorder_add(struct recorder *r, const struct event_what *w, int64_t now, struct timespec wall)
{
	uint64_t key = key_of(w);
	struct event_record *e;
	char text[TIME_SIZE];

	HASH_FIND(hh, r->records, &key, sizeof(key), e);
	if (e && e->once)
		return;
	if (!object_may(r, w->uid, now)) {
		r->dropped++;
		return;
	}
	/* One that is in flight is counted up, however old: its answer has to find it. */
	if (e && now - e->at >= RECORDER_AGAIN_US && !e->in_flight) {
		record_free(r, e);
		e = NULL;
	}
	if (e) {
		HASH_DEL(r->records, e);
		HASH_ADD(hh, r->records, key, sizeof(e->key), e);
	} else {
		make_room(r);
		e = new_record(r, w, key, wall);
	}
	if (!e)
		return;
	e->at = now;
	e->count++;
	text_time(wall.tv_sec, text);
	json_object_object_del(e->body, "lastTimestamp");
	json_set_string(e->body, "lastTimestamp", text);
	if (!e->in_flight)
		queue(r, e);
}

struct json_object *recorder_body(const struct event_record *e)
{
	struct json_object *o;

	if (!e->posted) {
		json_object_object_del(e->body, "count");
		json_set_int(e->body, "count", e->count);
		return json_object_get(e->body);
	}
	o = json_object_new_object();
	json_set_int(o, "count", e->count);
	json_set_string(o, "lastTimestamp", json_get_string(e->body, "lastTimestamp"));
	return o;
}

/* -- the queue ------------------------------------------------------------------------------ */

struct event_record *recorder_next(struct recorder *r, int64_t now, bool busy, bool hurry,
				   int64_t *when)
{
	struct event_record *e = r->queue;
	int64_t at = e && !hurry ? may_at(r, now, busy) : 0;

	*when = e ? at : INT64_MAX;
	if (!e || at)
		return NULL;
	unqueue(r, e);
	e->in_flight = true;
	e->tries++;
	r->tokens = r->tokens > 1 ? r->tokens - 1 : 0;
	r->next_at = now + RECORDER_SPACING_US;
	e->sent = e->count;
	return e;
}

void recorder_answered(struct recorder *r, struct event_record *e, enum recorder_answer answer,
		       int64_t now)
{
	e->in_flight = false;
	switch (answer) {
	case RECORDER_WRITTEN:
		e->posted = true;
		e->tries = 0;
		if (e->once) { /* only that it was told is to be remembered */
			json_object_put(e->body);
			e->body = NULL;
		}
		if (e->count > e->sent)
			queue(r, e);
		break;
	case RECORDER_GONE:
		e->posted = false;
		e->count = 1;
		queue(r, e);
		break;
	case RECORDER_LATER:
		if (e->tries < TRIES_MAX) {
			queue(r, e);
			/* The server is in trouble: all wait. */
			r->tokens = 0;
			r->tokens_at = now + LATER_US;
			break;
		}
		/* fall through */
	case RECORDER_NEVER:
		r->dropped++;
		record_free(r, e);
		break;
	}
}

void recorder_free(struct recorder *r)
{
	struct event_record *e, *tmp;

	HASH_ITER (hh, r->records, e, tmp)
		record_free(r, e);
}
