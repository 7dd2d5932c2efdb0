/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fake, for tests on loopback: a proxy between the agent and the API server that makes faults. The
 * agent speaks plain HTTP to it; it speaks HTTPS to the server, with the agent's certificate.
 *
 * fault-proxy PORT https://SERVER CA CERTIFICATE KEY CONTROL
 *
 * CONTROL is a file of rules: fault-rules.h says what they are.
 *
 * Each request that is held is a line METHOD PATH in CONTROL.held; each fault is one on standard error. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fault-rules.h"

#define HOLD_US 10000

struct bytes {
	char *data;
	size_t used;
};

/* One request and its answer. */
struct exchange {
	char *uri;
	char method[16];
	bool begun, watch, answered, cut;
	struct fault fault;
	struct bytes body, answer;
	size_t sent;
	char type[128], retry_after[32];
	CURL *curl;
	struct curl_slist *headers;
	CURLcode result;
	int client;
};

static struct {
	const char *server, *ca, *certificate, *key, *control;
} options;

static __thread CURLM *multi;
static pthread_key_t multi_key;

/* -- holding -------------------------------------------------------------------------------- */

static bool client_gone(const struct exchange *x)
{
	char c;
	ssize_t n = recv(x->client, &c, 1, MSG_PEEK | MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static void note_held(const struct exchange *x)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s.held", options.control);
	f = fopen(path, "ae");
	if (f) {
		fprintf(f, "%s %s\n", x->method, x->uri);
		fclose(f);
	}
}

/* Returns true if the exchange is to go on. */
static bool hold(const struct exchange *x)
{
	note_held(x);
	while (rules_have(options.control, x->fault.line)) {
		if (x->fault.action == HOLD_BEFORE && client_gone(x))
			return false;
		usleep(HOLD_US);
	}
	return x->fault.action != HOLD_BEFORE || !client_gone(x);
}

/* -- the server's side ---------------------------------------------------------------------- */

static void bytes_add(struct bytes *b, const char *data, size_t n)
{
	b->data = realloc(b->data, b->used + n + 1);
	memcpy(b->data + b->used, data, n);
	b->used += n;
	b->data[b->used] = '\0';
}

static size_t on_data(char *data, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;

	bytes_add(&x->answer, data, size * n);
	return size * n;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;

	sscanf(data, "%*1[Cc]ontent-%*1[Tt]ype: %127[^\r\n]", x->type);
	sscanf(data, "%*1[Rr]etry-%*1[Aa]fter: %31[^\r\n]", x->retry_after);
	return size * n;
}

static void multi_end(void *m)
{
	curl_multi_cleanup(m);
}

static void ask_server(struct exchange *x, struct MHD_Connection *connection)
{
	const char *type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Type");
	char line[256], *url;

	if (!multi) {
		multi = curl_multi_init();
		pthread_setspecific(multi_key, multi);
	}
	x->curl = curl_easy_init();
	if (asprintf(&url, "%s%s", options.server, x->uri) < 0)
		abort();
	curl_easy_setopt(x->curl, CURLOPT_URL, url);
	free(url);
	curl_easy_setopt(x->curl, CURLOPT_CUSTOMREQUEST, x->watch ? "GET" : x->method);
	curl_easy_setopt(x->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(x->curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(x->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(x->curl, CURLOPT_CAINFO, options.ca);
	curl_easy_setopt(x->curl, CURLOPT_SSLCERT, options.certificate);
	curl_easy_setopt(x->curl, CURLOPT_SSLKEY, options.key);
	curl_easy_setopt(x->curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(x->curl, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(x->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(x->curl, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(x->curl, CURLOPT_PRIVATE, x);
	x->headers = curl_slist_append(NULL, "Accept: application/json");
	x->headers = curl_slist_append(x->headers, "Expect:");
	if (x->body.used) {
		snprintf(line, sizeof(line), "Content-Type: %s", type ? type : "application/json");
		x->headers = curl_slist_append(x->headers, line);
		curl_easy_setopt(x->curl, CURLOPT_POSTFIELDS, x->body.data);
		curl_easy_setopt(x->curl, CURLOPT_POSTFIELDSIZE, (long)x->body.used);
	}
	curl_easy_setopt(x->curl, CURLOPT_HTTPHEADER, x->headers);
	curl_multi_add_handle(multi, x->curl);
}

/* Move bytes once, waiting a moment if there are none. */
static void step(struct exchange *x)
{
	struct CURLMsg *msg;
	int running, left;

	curl_multi_perform(multi, &running);
	while ((msg = curl_multi_info_read(multi, &left))) {
		if (msg->msg != CURLMSG_DONE || msg->easy_handle != x->curl)
			continue;
		x->answered = true;
		x->result = msg->data.result;
	}
	if (!x->answered && !x->answer.used)
		curl_multi_poll(multi, NULL, 0, 200, NULL);
}

static long status_of(const struct exchange *x)
{
	long status = 0;

	curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* -- the agent's side ----------------------------------------------------------------------- */

static enum MHD_Result answer(struct exchange *x, struct MHD_Connection *connection, long status,
			      struct MHD_Response *response)
{
	enum MHD_Result rc;

	MHD_add_response_header(response, "Content-Type",
				x->type[0] ? x->type : "application/json");
	if (x->retry_after[0])
		MHD_add_response_header(response, "Retry-After", x->retry_after);
	rc = MHD_queue_response(connection, (unsigned)status, response);
	MHD_destroy_response(response);
	return rc;
}

static enum MHD_Result answer_status(struct exchange *x, struct MHD_Connection *connection)
{
	char body[256];
	long status = x->fault.arguments[0];

	if (x->fault.arguments[1])
		snprintf(x->retry_after, sizeof(x->retry_after), "%ld", x->fault.arguments[1]);
	snprintf(body, sizeof(body),
		 "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\","
		 "\"message\":\"a fault made by fault-proxy\",\"code\":%ld}",
		 status);
	return answer(x, connection, status,
		      MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_MUST_COPY));
}

/* Bytes of the answer as they come. */
static ssize_t on_stream(void *arg, uint64_t position, char *buf, size_t max)
{
	struct exchange *x = arg;
	size_t n;

	while (!x->answered && x->answer.used == x->sent) {
		if (client_gone(x))
			return MHD_CONTENT_READER_END_WITH_ERROR;
		if (x->sent) {
			x->answer.used = x->sent = 0;
		}
		step(x);
	}
	if (x->answer.used == x->sent)
		return x->result ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
	n = x->answer.used - x->sent < max ? x->answer.used - x->sent : max;
	if (x->fault.action == CUT_AFTER) {
		if (position >= (uint64_t)x->fault.arguments[0])
			return MHD_CONTENT_READER_END_WITH_ERROR;
		if (position + n > (uint64_t)x->fault.arguments[0])
			n = x->fault.arguments[0] - position;
	}
	memcpy(buf, x->answer.data + x->sent, n);
	x->sent += n;
	return (ssize_t)n;
}

static enum MHD_Result pass_on(struct exchange *x, struct MHD_Connection *connection)
{
	static const char garbage[] = "{\"type\":\"MODIFIED\",\"obj\x01\xff{\n";

	if (x->fault.action == GARBAGE)
		bytes_add(&x->answer, garbage, sizeof(garbage) - 1);
	ask_server(x, connection);
	while (!x->answered && !(x->watch && status_of(x)))
		step(x);
	if (!x->answered && x->watch)
		return answer(x, connection, status_of(x),
			      MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 65536, on_stream, x,
								NULL));
	if (x->result || x->fault.action == CUT)
		return MHD_NO;
	if (x->fault.action == HOLD_AFTER && !hold(x))
		return MHD_NO;
	return answer(x, connection, status_of(x),
		      MHD_create_response_from_callback(x->answer.used, 65536, on_stream, x, NULL));
}

static enum MHD_Result serve(struct exchange *x, struct MHD_Connection *connection)
{
	x->client = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	rules_choose(options.control, x->method, x->uri, &x->fault);
	if (x->fault.action)
		fprintf(stderr, "%s: %s %s\n", action_names[x->fault.action], x->method, x->uri);
	switch (x->fault.action) {
	case STATUS:
		return answer_status(x, connection);
	case DROP:
		return MHD_NO;
	case DELAY:
		usleep(x->fault.arguments[0] * 1000);
		break;
	case HOLD_BEFORE:
	case HOLD_LATE:
		if (!hold(x))
			return MHD_NO;
		break;
	default:
		break;
	}
	return pass_on(x, connection);
}

static void *on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct exchange *x = calloc(1, sizeof(*x));

	x->uri = strdup(uri);
	x->watch = strstr(uri, "watch=1") || strstr(uri, "watch=true");
	return x;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **state)
{
	struct exchange *x = *state;

	if (!x->begun) {
		x->begun = true;
		snprintf(x->method, sizeof(x->method), "%s", x->watch ? "WATCH" : method);
		return MHD_YES;
	}
	if (*size) {
		bytes_add(&x->body, data, *size);
		*size = 0;
		return MHD_YES;
	}
	return serve(x, connection);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode why)
{
	struct exchange *x = *state;

	if (!x)
		return;
	if (x->curl) {
		curl_multi_remove_handle(multi, x->curl);
		curl_easy_cleanup(x->curl);
	}
	curl_slist_free_all(x->headers);
	free(x->body.data);
	free(x->answer.data);
	free(x->uri);
	free(x);
	*state = NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct MHD_Daemon *daemon;
	sigset_t mask;
	int sig;

	if (argc != 7) {
		fprintf(stderr, "Usage: fault-proxy PORT SERVER CA CERTIFICATE KEY CONTROL\n");
		return 2;
	}
	address.sin_port = htons((uint16_t)atoi(argv[1]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	options.server = argv[2];
	options.ca = argv[3];
	options.certificate = argv[4];
	options.key = argv[5];
	options.control = argv[6];
	curl_global_init(CURL_GLOBAL_DEFAULT);
	pthread_key_create(&multi_key, multi_end);
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &mask, NULL);
	daemon = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
					  MHD_USE_ERROR_LOG,
				  0, NULL, NULL, on_request, NULL, MHD_OPTION_SOCK_ADDR, &address,
				  MHD_OPTION_URI_LOG_CALLBACK, on_uri, NULL,
				  MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
				  MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U, MHD_OPTION_END);
	if (!daemon)
		return 1;
	do {
		sigwait(&mask, &sig);
	} while (sig == SIGPIPE);
	/* Not MHD_stop_daemon(): requests that are held would hold it up. */
	return 0;
}
