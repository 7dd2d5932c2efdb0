/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of results/. Each step returns true when the next may begin; if not, what it
 * started or waits for has the collection worked on again. */
#ifndef AGENT_RESULTS_COLLECTION_H
#define AGENT_RESULTS_COLLECTION_H

#include "common/buffer.h"
#include "sync-agent/agent.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/results/entries.h"

enum collection_step {
	COLLECT_OBJECT, /* read the SlurmJob */
	COLLECT_ENTRY,	/* which entry is next? */
	COLLECT_TARGET, /* what has to be known of where it goes */
	COLLECT_RUN,	/* the program */
	COLLECT_STORE,	/* the ConfigMap */
	COLLECT_TELL,	/* the last status */
};

/* Objects that are read for an entry. */
enum collection_object { OBJECT_CLAIM, OBJECT_VOLUME, OBJECT_SECRET, OBJECT_MAP, OBJECTS };

struct collection {
	struct collection *next, *prev;
	UT_hash_handle hh;
	struct agent *agent;
	char uid[37];
	char *namespace, *name;
	uint64_t key; /* results_key() */
	bool active, gone;
	unsigned requests; /* to the API server, under way */
	enum collection_step step;
	int64_t not_before; /* monotonic: nothing is done until then */

	/* What the object says. */
	struct json_object *list; /* spec.results */
	struct json_object *object;
	struct json_object *results; /* status.results, as it is to be */
	bool failed, never_ran;	     /* the job */
	char *invalid;		     /* why nothing is collected; NULL: something is */

	/* Of each entry whose claim is waited for, monotonic: when it is looked for again, and no
	 * longer. */
	struct {
		int64_t next, until;
	} claims[RESULTS_MAX];

	/* The entry. */
	size_t at;
	unsigned tries;
	struct json_object *objects[OBJECTS];
	bool missing[OBJECTS];
	int fd; /* the program's socket, -1: it doesn't run */
	int64_t deadline;
	struct buffer in;
	struct json_object *answer; /* its last line */

	/* Telling. */
	unsigned changes, sending,
		told; /* of what the status is to say: all, those under way, those it has */
	bool begun;   /* the status tells of it */
	bool last;    /* the last one is to be written */
	bool clear;   /* nothing is to be told any more */
	int64_t tell_at;
};

/* results.c: the entry of its object; NULL if it is gone or is another one by now. */
struct entry *collection_entry(const struct collection *c);
/* The spec of the entry that is being collected, and what status.results has for it. Borrowed. */
struct json_object *collection_spec(const struct collection *c);
struct json_object *collection_result(const struct collection *c);
/* Go on with a step, or with the same one after a pause. */
void collection_go(struct collection *c, enum collection_step step);
void collection_wait(struct collection *c, int64_t us);
/* The entry has ended: the next one is next. */
void collection_failed(struct collection *c, const char *text);
void collection_collected(struct collection *c);
void collection_skipped(struct collection *c, const char *text);
/* Forget the entry's own: the program, objects. */
void collection_reset(struct collection *c);
/* The last answer to one that has gone has come. */
void collection_free(struct collection *c);
/* It is over, or begins anew. */
void collection_forget(struct collection *c);

/* gather.c */
bool collect_object(struct collection *c);
bool collect_target(struct collection *c);
/* Send a request; ret is called with the answer, unless the collection has gone. */
bool collection_request(struct collection *c, const char *method, const char *path,
			const char *type, struct json_object *body,
			void (*done)(struct collection *c, const struct kube_answer *answer));
/* An answer that means: later again. */
bool collection_is_passing(struct collection *c, const struct kube_answer *answer);

/* run.c */
bool collect_run_program(struct collection *c);
void collection_hear(struct collection *c);
void collection_close(struct collection *c);

/* store.c */
bool collect_store(struct collection *c);

/* tell.c: write the status if it is time. Returns the monotonic time to be called again. */
int64_t collection_tell(struct collection *c);
bool collect_tell(struct collection *c);
/* The status that results.c begins with. */
void collection_begin_results(struct collection *c);

#endif
