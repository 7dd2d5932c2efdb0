/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kube/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "common/json.h"
#include "sync-agent/clock.h"
#include "sync-agent/fence.h"
#include "sync-agent/kube/call.h"
#include "sync-agent/kube/credentials.h"
#include "sync-agent/kube/window.h"
#include "sync-agent/log.h"

#define REFUSED_FIRST 1000000 /* microseconds without a request after a 401 */
#define REFUSED_LAST 60000000
#define EXTRA_MAX 32
/* Where there is no HTTP/2 (a proxy in between): each request in flight and each watch needs one. */
#define CONNECTIONS_MAX 16L

struct kube {
	struct credentials credentials;
	CURLM *multi;
	struct call *calls; /* under way, or parked */
	struct spare_calls spare;
	unsigned in_flight; /* without watches */
	struct window window;
	int64_t hold_until; /* the server asked for a pause */
	int64_t refused_pause;
	bool said_refused;
	struct kube_stats stats;
	bool dry_run;
};

struct kube *kube_new(struct kube_access *access, struct error *err)
{
	struct kube *k = calloc(1, sizeof(*k));

	if (!k || curl_global_init(CURL_GLOBAL_DEFAULT) || !(k->multi = curl_multi_init())) {
		free(k);
		error_set(err, ENOMEM, "libcurl can't be initialised");
		return NULL;
	}
	credentials_init(&k->credentials, access);
	window_init(&k->window);
	curl_multi_setopt(k->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	curl_multi_setopt(k->multi, CURLMOPT_MAX_HOST_CONNECTIONS, CONNECTIONS_MAX);
	return k;
}

/* -- requests ------------------------------------------------------------------------------- */

static void call_end(struct call *call)
{
	struct kube *k = call->kube;

	DL_DELETE(k->calls, call);
	curl_multi_remove_handle(k->multi, call->curl);
	call_put(call, &k->credentials, &k->spare);
}

/* Send it, or park it until there are credentials. */
static int launch(struct kube *k, struct call *call)
{
	call->parked = !credentials_ready(&k->credentials);
	if (call->parked)
		return 0;
	call_dress(call, &k->credentials);
	return curl_multi_add_handle(k->multi, call->curl) ? -1 : 0;
}

static bool writes(const struct call *call)
{
	return call->method != KUBE_GET && call->method != KUBE_WATCH && !call->apart;
}

void kube_dry_run(struct kube *k)
{
	k->dry_run = true;
}

int kube_send(struct kube *k, const struct kube_request *r, struct error *err)
{
	struct call *call;

	if (k->dry_run && strcmp(r->method, "GET")) {
		printf("%s %s %s\n", r->method, r->path, r->body ? r->body : "");
		return 0;
	}
	if (strcmp(r->method, "GET") && !r->apart && fence_passed())
		return error_set(err, EPERM, "%s %.200s: this agent doesn't lead", r->method, r->path);
	credentials_look(&k->credentials);
	call = call_new(k, &k->credentials, &k->spare, r);
	if (!call)
		return error_set(err, ENOMEM, "%s %.200s: the request can't be made", r->method, r->path);
	DL_PREPEND(k->calls, call);
	if (launch(k, call) < 0) {
		call_end(call);
		return error_set(err, ENOMEM, "%s %.200s: the request can't be sent", r->method, r->path);
	}
	k->in_flight += !r->line && !r->apart;
	return 0;
}

/* -- answers -------------------------------------------------------------------------------- */

const char *kube_server(const struct kube *k)
{
	return k->credentials.access.server;
}

bool kube_has_room(const struct kube *k)
{
	return k->in_flight < k->window.size && (!k->hold_until || clock_us() >= k->hold_until);
}

const struct kube_stats *kube_stats(struct kube *k)
{
	k->stats.in_flight = k->in_flight;
	k->stats.window = k->window.size;
	return &k->stats;
}

static void adjust_window(struct kube *k, const struct kube_answer *answer, int64_t took_us)
{
	if (answer->status == 429 || answer->status == 503) {
		window_too_much(&k->window);
		if (answer->retry_us)
			k->hold_until = clock_us() + answer->retry_us;
	} else if (answer->status) {
		window_answered(&k->window, took_us);
	}
}

/* What went wrong, in the server's words where it has any. */
static void explain(struct call *call, const struct kube_answer *answer)
{
	_cleanup_json_ struct json_object *o = NULL;
	const char *message;

	if (!answer->status || answer->status < 400 || call->problem[0])
		return;
	o = answer->len && answer->len < 65536 ? json_parse(answer->body, answer->len, NULL) : NULL;
	message = json_get_string(o, "message");
	if (message)
		snprintf(call->problem, sizeof(call->problem), "%s", message);
	else
		snprintf(call->problem, sizeof(call->problem), "HTTP status %ld", answer->status);
}

/* Returns true if the call is under way again, with other credentials: it was refused before anything
 * was done, so nothing is done twice. */
static bool retry_refused(struct call *call)
{
	struct kube *k = call->kube;

	if (call->retried || !credentials_renew(&k->credentials, call->generation))
		return false;
	call->retried = true;
	k->stats.retried++;
	curl_multi_remove_handle(k->multi, call->curl);
	call_again(call);
	return launch(k, call) == 0;
}

/* Nothing else is to be tried at once. */
static void note_refused(struct kube *k, long status)
{
	if (status != 401) {
		if (status && k->said_refused)
			log_info("Kubernetes takes the credentials again");
		k->said_refused = status ? false : k->said_refused;
		k->refused_pause = status ? 0 : k->refused_pause;
		return;
	}
	k->refused_pause = k->refused_pause ? k->refused_pause * 2 : REFUSED_FIRST;
	if (k->refused_pause > REFUSED_LAST)
		k->refused_pause = REFUSED_LAST;
	k->hold_until = clock_us() + k->refused_pause;
	if (!k->said_refused)
		log_error("Kubernetes refuses the credentials (401 Unauthorized): %s expired or "
			  "not valid; trying again",
			  credentials_name(&k->credentials));
	k->said_refused = true;
}

static void finish(struct call *call, CURLcode code)
{
	struct kube *k = call->kube;
	struct kube_answer answer = { .body = "", .problem = call->problem };
	curl_off_t retry = 0, took = 0;

	if (code == CURLE_OK) {
		curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &answer.status);
		if (answer.status == 401 && retry_refused(call))
			return;
		note_refused(k, answer.status);
		curl_easy_getinfo(call->curl, CURLINFO_RETRY_AFTER, &retry);
		answer.retry_us = (int64_t)(retry > 60 ? 60 : retry) * 1000000;
		if (call->in.data && (!call->line || answer.status != 200)) {
			answer.body = call->in.data;
			answer.len = call->in.used;
		}
	} else if (!call->problem[0]) {
		snprintf(call->problem, sizeof(call->problem), "%s", curl_easy_strerror(code));
	}
	explain(call, &answer);
	curl_easy_getinfo(call->curl,
			  call->line ? CURLINFO_STARTTRANSFER_TIME_T : CURLINFO_TOTAL_TIME_T, &took);
	kube_stats_add(&k->stats, call->method, answer.status, took);
	if (!call->line && !call->apart) {
		k->in_flight--;
		adjust_window(k, &answer, took);
	}
	call_hand_lines(call);
	call->done(call->ctx, &answer);
	call_end(call);
}

unsigned kube_writes(const struct kube *k)
{
	unsigned n = 0;

	for (struct call *call = k->calls; call; call = call->next)
		n += writes(call);
	return n;
}

void kube_cancel_writes(struct kube *k, const char *problem)
{
	struct call *call = k->calls;

	while (call) {
		if (!writes(call)) {
			call = call->next;
			continue;
		}
		snprintf(call->problem, sizeof(call->problem), "%s", problem);
		finish(call, CURLE_ABORTED_BY_CALLBACK);
		call = k->calls; /* whoever was told may have sent something */
	}
}

static struct call *find_parked(const struct kube *k)
{
	struct call *call = k->calls;

	while (call && !call->parked)
		call = call->next;
	return call;
}

/* Send what has waited for the credential plugin, or has waited in vain. */
static void step_plugin(struct kube *k)
{
	struct credentials *c = &k->credentials;
	struct call *call;
	int rc = credentials_step(c);

	while ((rc || credentials_ready(c)) && (call = find_parked(k))) {
		call->parked = false;
		if (credentials_ready(c) && launch(k, call) == 0)
			continue;
		snprintf(call->problem, sizeof(call->problem), "%.255s", c->plugin.problem.text);
		finish(call, CURLE_LOGIN_DENIED);
	}
}

void kube_perform(struct kube *k)
{
	struct CURLMsg *msg;
	int running, left;

	step_plugin(k);
	curl_multi_perform(k->multi, &running);
	while ((msg = curl_multi_info_read(k->multi, &left))) {
		struct call *call;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &call);
		finish(call, msg->data.result);
	}
	/* After the answers: what they told is known when the watch tells it again. */
	for (struct call *call = k->calls; call; call = call->next)
		call_hand_lines(call);
}

void kube_wait(struct kube *k, struct curl_waitfd *extra, unsigned n_extra, int timeout_ms)
{
	struct curl_waitfd all[EXTRA_MAX + 1];
	unsigned n = n_extra < EXTRA_MAX ? n_extra : EXTRA_MAX;
	int plugin_fd = k->credentials.plugin.out_fd;

	timeout_ms = credentials_wait(&k->credentials, timeout_ms, find_parked(k) != NULL);
	for (unsigned i = 0; i < n; i++)
		all[i] = extra[i];
	all[n] = (struct curl_waitfd){ .fd = plugin_fd, .events = CURL_WAIT_POLLIN };
	curl_multi_poll(k->multi, all, n + (plugin_fd >= 0), timeout_ms, NULL);
	for (unsigned i = 0; i < n; i++)
		extra[i].revents = all[i].revents;
}

void kube_free(struct kube *k)
{
	if (!k)
		return;
	while (k->calls)
		call_end(k->calls);
	spare_calls_free(&k->spare);
	curl_multi_cleanup(k->multi);
	curl_global_cleanup();
	credentials_free(&k->credentials);
	free(k);
}
