/* SPDX-License-Identifier: GPL-2.0-or-later */
/* List a resource, then watch it, for ever: bookmarks, resuming, listing anew on 410, patience when
 * the server or the resource is not there.
 * Source: Kubernetes API concepts, "Efficient detection of changes". */
#ifndef AGENT_KUBE_WATCH_H
#define AGENT_KUBE_WATCH_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "sync-agent/kube/client.h"

enum watch_event {
	WATCH_LIST_BEGINS, /* a whole list comes: what is not in it is not there. No object */
	WATCH_LISTED,      /* an object of the list */
	WATCH_LIST_ENDS,   /* the list was whole. No object */
	WATCH_CHANGED,     /* added or modified */
	WATCH_DELETED,
};

#define WATCH_KNOWN 256

struct watch {
	struct kube *kube;
	const char *path; /* of the collection */
	const char *query; /* "fieldSelector=..." to see a part of it; NULL: all */
	/* object is the callback's for as long as it runs */
	void (*on_event)(void *ctx, enum watch_event event, struct json_object *object);
	void *ctx;

	/* The watch's own. */
	bool said_down;       /* the trouble was logged */
	bool busy;            /* a request is under way */
	bool listing;         /* between LIST_BEGINS and LIST_ENDS */
	bool list_again;
	char *version;        /* resourceVersion to go on from */
	uint64_t known[WATCH_KNOWN]; /* versions of watch_know(), a ring */
	unsigned known_next;
	char *next_page;      /* the list's continue token */
	int64_t began;        /* monotonic; when the request under way was sent */
	int64_t not_before;   /* monotonic; when to try again */
	int64_t pause_us;     /* how long the last pause was */
};

/* Start or go on, if it is time. Returns the monotonic time it wants to be called again at, or
 * INT64_MAX if an answer will come first. */
int64_t watch_step(struct watch *w);

/* An object of that resourceVersion came as the answer to a write and was taken: the event that tells of it
 * is passed over, which saves reading it. */
void watch_know(struct watch *w, const char *version);

/* The first resourceVersion in an object's JSON text, which need not be read for that; *after is what follows. 0:
 * there is none. Quotes within strings are escaped, so that what looks like the key is a key. */
uint64_t watch_version_of(const char *text, const char **after);

void watch_free(struct watch *w);

#endif
