/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kube/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync-agent/kube/window.h"

#define ANSWER_MS 30000L
#define SILENCE_SECONDS 300L
#define SPARE_MAX WINDOW_MAX
#define SPARE_BYTES 65536   /* of an answer's room that is kept */
#define UPLOAD_BYTES 16384L /* libcurl's least: it has room for this made for each body */

static void call_free(struct call *call)
{
	curl_easy_cleanup(call->curl);
	curl_slist_free_all(call->headers);
	curl_slist_free_all(call->connect_to);
	buffer_free(&call->in);
	free(call->body);
	free(call);
}

/* -- used again ----------------------------------------------------------------------------- */

static bool is_worth_keeping(const struct call *call, const struct credentials *c,
			     const struct spare_calls *spare)
{
	return call->dressed && call->generation == c->generation && call->body && !call->line &&
	       !call->apart && spare->n < SPARE_MAX && call->in.size <= SPARE_BYTES;
}

void call_put(struct call *call, const struct credentials *c, struct spare_calls *spare)
{
	if (!is_worth_keeping(call, c, spare)) {
		call_free(call);
		return;
	}
	call->next = spare->first;
	spare->first = call;
	spare->n++;
}

static struct call *take_spare(struct spare_calls *spare)
{
	struct call *call = spare->first;

	spare->first = call->next;
	spare->n--;
	free(call->body);
	call->body = NULL;
	call->next = call->prev = NULL;
	call->retried = false;
	call_again(call);
	return call;
}

void spare_calls_free(struct spare_calls *spare)
{
	while (spare->first)
		call_free(take_spare(spare));
}

/* Returns NULL without memory. */
static struct call *get(const struct credentials *c, struct spare_calls *spare, bool writes)
{
	while (spare->first && spare->first->generation != c->generation)
		call_free(take_spare(spare));
	return writes && spare->first ? take_spare(spare) : calloc(1, sizeof(struct call));
}

/* -- the request ---------------------------------------------------------------------------- */

static size_t on_data(char *data, size_t size, size_t n, void *arg)
{
	struct call *call = arg;

	if (buffer_add(&call->in, data, size * n) < 0) {
		snprintf(call->problem, sizeof(call->problem), "the answer is over %zu bytes",
			 call->in.max);
		return 0;
	}
	return size * n;
}

/* What is the same in each request. */
static int set_constants(struct call *call, const struct kube_access *access)
{
	CURL *curl = call->curl = curl_easy_init();

	if (!curl)
		return -1;
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(curl, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "slurm-kube-agent/" PACKAGE_VERSION);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BYTES);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, call->problem);
	curl_easy_setopt(curl, CURLOPT_PRIVATE, call);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, call);
	if (access->connect_to) {
		call->connect_to = curl_slist_append(NULL, access->connect_to);
		curl_easy_setopt(curl, CURLOPT_CONNECT_TO, call->connect_to);
	}
	if (access->proxy)
		curl_easy_setopt(curl, CURLOPT_PROXY, access->proxy);
	return 0;
}

static int set_headers(struct call *call, const struct kube_request *r)
{
	_cleanup_buffer_ struct buffer accept = BUFFER_INIT(256), type = BUFFER_INIT(256);
	struct curl_slist *list = call->headers;

	buffer_printf(&accept, "Accept: %s", r->accept ? r->accept : "application/json");
	buffer_printf(&type, "Content-Type: %s", r->type ? r->type : "application/json");
	if (accept.overflowed || type.overflowed)
		return -1;
	if (list && !strcmp(list->data, accept.data) && list->next &&
	    !strcmp(list->next->data, type.data))
		return 0;
	list = curl_slist_append(NULL, accept.data);
	if (call->body)
		list = curl_slist_append(list, type.data);
	curl_easy_setopt(call->curl, CURLOPT_HTTPHEADER, list);
	curl_slist_free_all(call->headers);
	call->headers = list;
	return list ? 0 : -1;
}

static int set_request(struct call *call, const struct kube_access *access,
		       const struct kube_request *r)
{
	_cleanup_buffer_ struct buffer url = BUFFER_INIT(16384);
	CURL *curl = call->curl;

	buffer_printf(&url, "%s%s", access->url ? access->url : access->server, r->path);
	if (url.overflowed || set_headers(call, r) < 0)
		return -1;
	curl_easy_setopt(curl, CURLOPT_URL, url.data);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, r->method);
	if (r->line) {
		curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
		curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, SILENCE_SECONDS);
	} else {
		curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, r->timeout_ms ? r->timeout_ms : ANSWER_MS);
	}
	if (call->body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(call->body));
	}
	return 0;
}

struct call *call_new(struct kube *k, const struct credentials *c, struct spare_calls *spare,
		      const struct kube_request *r)
{
	struct call *call = get(c, spare, r->body && !r->line && !r->apart);

	if (!call)
		return NULL;
	call->kube = k;
	call->done = r->done;
	call->ctx = r->ctx;
	call->line = r->line;
	call->method = kube_method_of(r->method, r->line != NULL);
	call->apart = r->apart;
	call->in.max = r->line ? KUBE_LINE_MAX : KUBE_ANSWER_MAX;
	call->in.overflowed = false;
	call->body = r->body ? strdup(r->body) : NULL;
	if ((!r->body || call->body) &&
	    (call->curl || set_constants(call, &c->access) == 0) &&
	    set_request(call, &c->access, r) == 0)
		return call;
	call_free(call);
	return NULL;
}

void call_dress(struct call *call, struct credentials *c)
{
	if (call->dressed && call->generation == c->generation)
		return;
	call->dressed = true;
	call->generation = c->generation;
	credentials_set(c, call->curl);
}

/* -- the answer ----------------------------------------------------------------------------- */

void call_hand_lines(struct call *call)
{
	size_t start = 0;
	long status = 0;

	if (!call->line || !call->in.used)
		return;
	curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return;
	for (;;) {
		char *begin = call->in.data + start;
		char *end = memchr(begin, '\n', call->in.used - start);

		if (!end)
			break;
		*end = '\0';
		if (end > begin)
			call->line(call->ctx, begin, end - begin);
		start = end + 1 - call->in.data;
	}
	buffer_shift(&call->in, start);
}

void call_again(struct call *call)
{
	buffer_shift(&call->in, call->in.used);
	call->problem[0] = '\0';
}
