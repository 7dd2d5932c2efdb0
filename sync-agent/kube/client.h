/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to the API server: many at a time over one HTTP/2 connection, never waiting.
 *
 * The window of requests in flight (window.h) shrinks when the server says 429 or answers ever more
 * slowly; whoever sends asks kube_has_room() first. Answers come through callbacks from kube_perform(). */
#ifndef AGENT_KUBE_CLIENT_H
#define AGENT_KUBE_CLIENT_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "sync-agent/kube/access.h"
#include "sync-agent/kube/stats.h"

#define KUBE_ANSWER_MAX (64 << 20) /* bytes of an ordinary answer */
#define KUBE_LINE_MAX (8 << 20)    /* bytes of one event of a watch */

struct kube_answer {
	long status;        /* HTTP's; 0: no answer, problem says why */
	const char *body;   /* NUL-terminated, "" if empty; the client's */
	size_t len;
	const char *problem; /* transport's error, or the server's message (Status.message), or "" */
	int64_t retry_us;    /* what Retry-After asks for, 0 if nothing */
};

typedef void kube_done(void *ctx, const struct kube_answer *answer);

struct kube_request {
	const char *method; /* "GET" ... */
	const char *path;   /* from the first slash, query included */
	const char *body;   /* NULL: none */
	const char *type;   /* of the body: "application/json" if NULL */
	const char *accept; /* of the answer: "application/json" if NULL */
	kube_done *done;    /* called once, unless the client is freed before */
	void *ctx;
	/* For watches: called for each line as it comes; done then has an empty body. The request is
	 * outside the window and has no time limit but a silence of 5 minutes. */
	void (*line)(void *ctx, const char *line, size_t len);
	long timeout_ms; /* 0: 30 s */
	/* Of the leader election: outside the window, sent whether or not this agent leads. All other
	 * requests that write are refused once the fence has passed (fence.h). */
	bool apart;
};

struct kube;

/* access becomes the client's: it is read again when its files change, and its credential plugin is run.
 * Returns NULL with err filled. */
struct kube *kube_new(struct kube_access *access, struct error *err);

/* From now on, print what would change something instead of sending it; done is never called for
 * such a request. */
void kube_dry_run(struct kube *k);

/* Send; strings are copied. Returns 0, or -1 with err filled and done never called. */
int kube_send(struct kube *k, const struct kube_request *request, struct error *err);

/* "https://host:port" */
const char *kube_server(const struct kube *k);

bool kube_has_room(const struct kube *k);

/* What its requests came to; the client's, current when called. */
const struct kube_stats *kube_stats(struct kube *k);

/* Requests that write and have no answer yet, those apart not counted. */
unsigned kube_writes(const struct kube *k);

/* End them now: done is called as if there were no answer, with that problem. */
void kube_cancel_writes(struct kube *k, const char *problem);

/* Wait at most timeout_ms for answers or for one of extra's descriptors (revents is set). */
void kube_wait(struct kube *k, struct curl_waitfd *extra, unsigned n_extra, int timeout_ms);

/* Move bytes and call the callbacks of what is done. */
void kube_perform(struct kube *k);

void kube_free(struct kube *k);

#endif
