/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events that are to be written: the same again within ten minutes becomes a higher count of the
 * one that is there, each object has a budget and so have all together, and memory is bounded.
 * Pure. Idea: client-go, tools/record. */
#ifndef AGENT_RECORDER_H
#define AGENT_RECORDER_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <uthash.h>

#define RECORDS_MAX 2048
#define RECORDER_AGAIN_US 600000000LL /* later than that it is a new Event */
#define RECORDER_SPACING_US 50000     /* between two writes: a twentieth of what the API can do */
#define RECORDER_BURST 50	      /* at once, when there is nothing else to be written */
#define RECORDER_OBJECT_BURST 25      /* of one object, then one in 30 s */

/* What happened; strings are copied. */
struct event_what {
	const char *api_version, *kind, *namespace, *name, *uid, *version; /* of the object */
	bool warning;
	const char *reason, *message;
	/* Not 0: it happens once only, and this tells it from others of that reason; after a
	 * restart, too, since the Event's name is made from it. */
	uint64_t occasion;
};

struct event_record {
	uint64_t key;
	UT_hash_handle hh; /* in the order in which they were told last */
	struct event_record *next, *prev;
	char *namespace, *name; /* the Event's */
	struct json_object *body;
	int64_t at; /* monotonic: told last */
	unsigned count, sent, tries;
	bool once, posted, queued, in_flight;
};

struct recorder {
	struct event_record *records, *queue;
	unsigned queued, dropped;
	int64_t next_at; /* monotonic; of spaced writes */
	double tokens;	 /* of the burst */
	int64_t tokens_at;
	struct {
		float tokens; /* spent ones: { 0 } is a full budget */
		int64_t at;
	} objects[1024]; /* by a hash of their uid: some share one */
};

/* now: monotonic. */
void recorder_add(struct recorder *r, const struct event_what *what, int64_t now,
		  struct timespec wall);

/* The next one to be written, which is then in flight until recorder_answered(). NULL if there is
 * none now; *when is then when to ask again. busy: there is more urgent work. hurry: without
 * budget. */
struct event_record *recorder_next(struct recorder *r, int64_t now, bool busy, bool hurry,
				   int64_t *when);

/* Its Event as a whole (POST, posted is false) or what changes in it (merge patch); the caller puts
 * it. */
struct json_object *recorder_body(const struct event_record *e);

enum recorder_answer {
	RECORDER_WRITTEN,
	RECORDER_GONE,	/* it was posted and is not there any more: post it anew */
	RECORDER_LATER, /* no answer: try again */
	RECORDER_NEVER, /* refused */
};
void recorder_answered(struct recorder *r, struct event_record *e, enum recorder_answer answer,
		       int64_t now);

void recorder_free(struct recorder *r);

#endif
