/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kube/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buffer.h"
#include "common/json.h"
#include "sync-agent/clock.h"
#include "sync-agent/fence.h"
#include "sync-agent/kube/exec.h"
#include "sync-agent/kube/window.h"
#include "sync-agent/log.h"

#define ANSWER_MS 30000L
#define SILENCE_SECONDS 300L
#define FILES_US 1000000 /* between two looks at the files of the credentials */
#define REFUSED_FIRST 1000000 /* microseconds without a request after a 401 */
#define REFUSED_LAST 60000000
#define EXTRA_MAX 32
/* Where there is no HTTP/2 (a proxy in between): each request in flight and each watch needs one. */
#define CONNECTIONS_MAX 16L
#define SPARE_MAX WINDOW_MAX
#define SPARE_BYTES 65536 /* of an answer's room that is kept */
#define UPLOAD_BYTES 16384L /* libcurl's least: it has room for this made for each body */

struct call {
	struct call *next, *previous;
	struct kube *kube;
	CURL *curl;
	struct curl_slist *headers; /* Accept, Content-Type */
	char *body;
	struct buffer in;
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

struct kube {
	struct kube_access access;
	struct exec_plugin plugin;
	unsigned generation; /* of the credentials: a new one when they change */
	int64_t files_next;  /* when to look at their files again */
	bool said_files, said_plugin, said_refused;
	int64_t refused_pause;
	int64_t plugin_next; /* when the plugin is to be looked after; monotonic */
	CURLM *multi;
	struct call *calls;
	struct call *spare; /* calls that have written, to be used again, by next */
	unsigned n_spare;
	char *token_read; /* content of access.token_file */
	struct timespec token_time;
	unsigned in_flight; /* without watches */
	struct window window;
	int64_t hold_until; /* the server asked for a pause */
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
	k->access = *access;
	*access = (struct kube_access){ 0 };
	k->plugin.out_fd = -1;
	k->plugin_next = INT64_MAX;
	window_init(&k->window);
	curl_multi_setopt(k->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	curl_multi_setopt(k->multi, CURLMOPT_MAX_HOST_CONNECTIONS, CONNECTIONS_MAX);
	return k;
}

/* -- credentials ---------------------------------------------------------------------------- */

/* Returns true if it holds another token now. */
static bool read_token(struct kube *k)
{
	const char *path = k->access.token_file;
	struct stat st;
	char *text;
	bool same;

	if (!path || stat(path, &st) < 0 ||
	    (st.st_mtim.tv_sec == k->token_time.tv_sec &&
	     st.st_mtim.tv_nsec == k->token_time.tv_nsec && k->token_read))
		return false;
	if (buffer_read_file(path, 65536, &text, NULL, NULL) < 0)
		return false;
	text[strcspn(text, "\r\n")] = '\0';
	same = k->token_read && !strcmp(k->token_read, text);
	free(k->token_read);
	k->token_read = text;
	k->token_time = st.st_mtim;
	k->generation += !same;
	return !same;
}

static const char *bearer(struct kube *k)
{
	if (k->access.exec.command)
		return k->plugin.credential.token;
	read_token(k);
	return k->access.token_file ? k->token_read : k->access.token;
}

/* Returns true if kubeconfig or one of its files is another one now. */
static bool read_files(struct kube *k)
{
	struct error err;
	int rc = kube_access_refresh(&k->access, &err);

	k->files_next = clock_us() + FILES_US;
	if (rc < 0 && !k->said_files)
		log_warning("%s; going on with what was read before", err.text);
	k->said_files = rc < 0;
	if (rc <= 0)
		return false;
	log_info("credentials for Kubernetes have changed: read again");
	exec_free_plugin(&k->plugin);
	k->plugin = (struct exec_plugin){ .out_fd = -1 };
	k->token_time = (struct timespec){ 0 };
	k->generation++;
	return true;
}

static bool has_credentials(const struct kube *k)
{
	return !k->access.exec.command || exec_ready(&k->plugin);
}

/* The server refused those that a call was made with. Returns true if there are others, or will be. */
static bool renew_credentials(struct kube *k, unsigned generation)
{
	if (k->generation != generation)
		return true;
	if (read_files(k))
		return true;
	if (k->access.token_file) {
		k->token_time = (struct timespec){ 0 };
		return read_token(k);
	}
	if (!k->access.exec.command)
		return false;
	exec_refuse(&k->plugin);
	k->generation++;
	return true;
}

static void set_blob(CURL *curl, CURLoption option, char *pem)
{
	struct curl_blob blob = { .data = pem, .len = pem ? strlen(pem) : 0, .flags = CURL_BLOB_COPY };

	if (pem)
		curl_easy_setopt(curl, option, &blob);
}

/* Another certificate makes another connection: libcurl uses one only for what it was opened with. */
static void set_credentials(struct kube *k, struct call *call)
{
	const struct kube_access *a = &k->access;
	const char *token = bearer(k);
	bool from_plugin = k->plugin.has && k->plugin.credential.certificate;
	char *certificate = from_plugin ? k->plugin.credential.certificate : a->certificate;

	if (call->dressed && call->generation == k->generation)
		return;
	call->dressed = true;
	call->generation = k->generation;
	set_blob(call->curl, CURLOPT_CAINFO_BLOB, a->ca);
	set_blob(call->curl, CURLOPT_SSLCERT_BLOB, certificate);
	set_blob(call->curl, CURLOPT_SSLKEY_BLOB, from_plugin ? k->plugin.credential.key : a->key);
	if (certificate) {
		curl_easy_setopt(call->curl, CURLOPT_SSLCERTTYPE, "PEM");
		curl_easy_setopt(call->curl, CURLOPT_SSLKEYTYPE, "PEM");
	}
	if (a->insecure) {
		curl_easy_setopt(call->curl, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(call->curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (token) {
		curl_easy_setopt(call->curl, CURLOPT_XOAUTH2_BEARER, token);
		curl_easy_setopt(call->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
	}
}

/* -- one call ------------------------------------------------------------------------------- */

static void call_free(struct call *call)
{
	curl_easy_cleanup(call->curl);
	curl_slist_free_all(call->headers);
	curl_slist_free_all(call->connect_to);
	buffer_free(&call->in);
	free(call->body);
	free(call);
}

/* Much of a request is the same each time: what has written once does so again. */
static bool is_worth_keeping(const struct call *call)
{
	const struct kube *k = call->kube;

	return call->dressed && call->generation == k->generation && call->body && !call->line && !call->apart &&
	       k->n_spare < SPARE_MAX && call->in.size <= SPARE_BYTES;
}

static void call_end(struct call *call)
{
	struct kube *k = call->kube;

	if (call->previous)
		call->previous->next = call->next;
	else if (k->calls == call)
		k->calls = call->next;
	if (call->next)
		call->next->previous = call->previous;
	if (call->curl)
		curl_multi_remove_handle(k->multi, call->curl);
	if (!is_worth_keeping(call)) {
		call_free(call);
		return;
	}
	call->next = k->spare;
	k->spare = call;
	k->n_spare++;
}

static struct call *take_spare(struct kube *k)
{
	struct call *call = k->spare;

	k->spare = call->next;
	k->n_spare--;
	free(call->body);
	buffer_shift(&call->in, call->in.used);
	call->body = NULL;
	call->next = call->previous = NULL;
	call->retried = false;
	call->problem[0] = '\0';
	return call;
}

/* Returns NULL without memory. */
static struct call *call_new(struct kube *k, bool writes)
{
	struct call *call;

	read_token(k); /* another one makes another generation */
	while (k->spare && k->spare->generation != k->generation)
		call_free(take_spare(k));
	if (writes && k->spare)
		return take_spare(k);
	call = calloc(1, sizeof(*call));
	if (call)
		call->kube = k;
	return call;
}

/* Not from within on_data(): libcurl takes no new request while it calls us back. */
static void hand_lines(struct call *call)
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
static int set_constants(const struct kube *k, struct call *call)
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
	if (k->access.connect_to) {
		call->connect_to = curl_slist_append(NULL, k->access.connect_to);
		curl_easy_setopt(curl, CURLOPT_CONNECT_TO, call->connect_to);
	}
	if (k->access.proxy)
		curl_easy_setopt(curl, CURLOPT_PROXY, k->access.proxy);
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
	if (list && !strcmp(list->data, accept.data) && list->next && !strcmp(list->next->data, type.data))
		return 0;
	list = curl_slist_append(NULL, accept.data);
	if (call->body)
		list = curl_slist_append(list, type.data);
	curl_easy_setopt(call->curl, CURLOPT_HTTPHEADER, list);
	curl_slist_free_all(call->headers);
	call->headers = list;
	return list ? 0 : -1;
}

static int set_request(const struct kube *k, struct call *call, const struct kube_request *r)
{
	_cleanup_buffer_ struct buffer url = BUFFER_INIT(16384);
	CURL *curl = call->curl;

	buffer_printf(&url, "%s%s", k->access.url ? k->access.url : k->access.server, r->path);
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

/* Send it, or park it until there are credentials. */
static int launch(struct kube *k, struct call *call)
{
	call->parked = !has_credentials(k);
	if (call->parked)
		return 0;
	set_credentials(k, call);
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
	if (clock_us() >= k->files_next)
		read_files(k);
	call = call_new(k, r->body && !r->line && !r->apart);
	if (!call)
		return error_set(err, ENOMEM, "out of memory");
	call->done = r->done;
	call->ctx = r->ctx;
	call->line = r->line;
	call->method = kube_method_of(r->method, r->line != NULL);
	call->apart = r->apart;
	call->in.max = r->line ? KUBE_LINE_MAX : KUBE_ANSWER_MAX;
	call->in.overflowed = false;
	call->body = r->body ? strdup(r->body) : NULL;
	if ((r->body && !call->body) || (!call->curl && set_constants(k, call) < 0) ||
	    set_request(k, call, r) < 0 || launch(k, call) < 0) {
		call_free(call);
		return error_set(err, ENOMEM, "%s %.200s: the request can't be made", r->method, r->path);
	}
	call->next = k->calls;
	if (k->calls)
		k->calls->previous = call;
	k->calls = call;
	k->in_flight += !r->line && !r->apart;
	return 0;
}

/* -- answers -------------------------------------------------------------------------------- */

const char *kube_server(const struct kube *k)
{
	return k->access.server;
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

	if (call->retried || !renew_credentials(k, call->generation))
		return false;
	call->retried = true;
	k->stats.retried++;
	curl_multi_remove_handle(k->multi, call->curl);
	buffer_shift(&call->in, call->in.used);
	call->problem[0] = '\0';
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
			  k->access.exec.command ? "what the credential plugin prints is" :
			  k->access.token_file	 ? "the token in the tokenFile is" :
			  k->access.token	 ? "the token in the kubeconfig is" :
						   "the client certificate is");
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
	hand_lines(call);
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

/* Run the credential plugin if there is one and it is time; send what has waited for it. */
static void step_plugin(struct kube *k)
{
	struct call *call;
	int rc;

	k->plugin_next = INT64_MAX;
	if (!k->access.exec.command)
		return;
	rc = exec_step(&k->plugin, &k->access.exec, &k->plugin_next);
	k->generation += rc > 0;
	if (rc < 0 && !k->said_plugin)
		log_error("%s; trying again", k->plugin.problem.text);
	if (rc)
		k->said_plugin = rc < 0;
	while ((rc || has_credentials(k)) && (call = find_parked(k))) {
		call->parked = false;
		if (has_credentials(k) && launch(k, call) == 0)
			continue;
		snprintf(call->problem, sizeof(call->problem), "%.255s", k->plugin.problem.text);
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
		hand_lines(call);
}

/* What was parked since has to get the plugin going. */
static int plugin_wait(struct kube *k, int timeout_ms)
{
	int64_t left = k->plugin_next - clock_us();

	if (!k->plugin.pid && clock_us() >= k->plugin.not_before && find_parked(k))
		left = 0;
	if (left / 1000 + 1 < timeout_ms)
		timeout_ms = left > 0 ? (int)(left / 1000 + 1) : 0;
	return timeout_ms;
}

void kube_wait(struct kube *k, struct curl_waitfd *extra, unsigned n_extra, int timeout_ms)
{
	struct curl_waitfd all[EXTRA_MAX + 1];
	unsigned n = n_extra < EXTRA_MAX ? n_extra : EXTRA_MAX;

	timeout_ms = plugin_wait(k, timeout_ms);
	for (unsigned i = 0; i < n; i++)
		all[i] = extra[i];
	all[n] = (struct curl_waitfd){ .fd = k->plugin.out_fd, .events = CURL_WAIT_POLLIN };
	curl_multi_poll(k->multi, all, n + (k->plugin.out_fd >= 0), timeout_ms, NULL);
	for (unsigned i = 0; i < n; i++)
		extra[i].revents = all[i].revents;
}

void kube_free(struct kube *k)
{
	if (!k)
		return;
	while (k->calls)
		call_end(k->calls);
	while (k->spare)
		call_free(take_spare(k));
	curl_multi_cleanup(k->multi);
	curl_global_cleanup();
	exec_free_plugin(&k->plugin);
	kube_access_free(&k->access);
	free(k->token_read);
	free(k);
}
