/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request of the client, from its making to its answer. Those that have written are used again:
 * much of a request is the same each time. */
#ifndef AGENT_KUBE_CALL_H
#define AGENT_KUBE_CALL_H

#include <curl/curl.h>
#include <stdbool.h>

#include "common/buffer.h"
#include "sync-agent/kube/client.h"
#include "sync-agent/kube/credentials.h"
#include "sync-agent/kube/stats.h"

struct call {
	struct call *next, *prev; /* in the list of those under way, or of the spare ones, by next */
	struct kube *kube;
	CURL *curl;
	struct curl_slist *headers; /* Accept, Content-Type */
	char *body;
	struct buffer in; /* of the answer, what hasn't been handed on */
	kube_done *done;
	void *ctx;
	void (*line)(void *ctx, const char *line, size_t len);
	enum kube_method method;
	bool apart;
	bool parked;  /* it waits for credentials */
	bool retried; /* with others than at first */
	bool dressed; /* with the credentials of that generation */
	unsigned generation;
	struct curl_slist *connect_to;
	char problem[CURL_ERROR_SIZE];
};

struct spare_calls {
	struct call *first;
	unsigned n;
};

/* For a request, with all but its credentials. Returns NULL without memory, or if the request is too
 * long. */
struct call *call_new(struct kube *k, const struct credentials *c, struct spare_calls *spare,
		      const struct kube_request *r);

/* Put the credentials into it, if it hasn't those already. */
void call_dress(struct call *call, struct credentials *c);

/* Hand on the whole lines that have come. Not from within libcurl's callbacks: it takes no new request
 * while it calls us back. */
void call_hand_lines(struct call *call);

/* Forget what has come, to send it once more. */
void call_again(struct call *call);

/* It isn't in libcurl's set any more. It is kept for another request, or freed. */
void call_put(struct call *call, const struct credentials *c, struct spare_calls *spare);

void spare_calls_free(struct spare_calls *spare);

#endif
