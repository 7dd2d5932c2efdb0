/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kubelet/requests.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "sync-agent/kubelet/exec_request.h"
#include "sync-agent/kubelet/protocol.h"
#include "sync-agent/kubelet/stream.h"

#define REQUEST_PATH_MAX 1024

struct request {
	struct requests *requests;
	struct MHD_Connection *c;
	int client; /* its socket */
	gnutls_session_t tls;
	char *names[3]; /* namespace, pod, container */
};

/* -- answers ---------------------------------------------------------------------------------- */

static enum MHD_Result send_response(struct MHD_Connection *c, unsigned status,
				     struct MHD_Response *r, const char *type)
{
	enum MHD_Result result;

	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	/* A thread for each connection: none is kept for a request that may never come. */
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(r, MHD_HTTP_HEADER_RETRY_AFTER, "5");
	result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result send_text(struct MHD_Connection *c, unsigned status, const char *text)
{
	return send_response(
		c, status,
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY),
		"text/plain; charset=utf-8");
}

static enum MHD_Result send_error(struct MHD_Connection *c, const struct error *err)
{
	/* Nobody is there to read it. */
	if (!err->code)
		return MHD_NO;
	return send_text(c, (unsigned)err->code, err->text);
}

/* -- logs ------------------------------------------------------------------------------------- */

static ssize_t on_read(void *arg, uint64_t at, char *buf, size_t max)
{
	ssize_t n = stream_read(arg, buf, max);

	if (n < 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	return n ? n : MHD_CONTENT_READER_END_OF_STREAM;
}

static void on_read_end(void *stream)
{
	stream_free(stream);
}

/* For one more stream, which gives it back at its end. */
static bool take_room(struct requests *s, struct error *err)
{
	if (atomic_fetch_add(&s->streams, 1) < s->streams_max)
		return true;
	atomic_fetch_sub(&s->streams, 1);
	error_set(err, 503,
		  "as many logs are being read as the agent serves at a time (kubelet.streams in "
		  "its configuration); try again later");
	return false;
}

struct query {
	struct log_options options;
	struct error err;
	int rc;
};

static enum MHD_Result on_option(void *arg, enum MHD_ValueKind kind, const char *name,
				 const char *value)
{
	struct query *q = arg;

	q->rc = log_options_set(&q->options, name, value ? value : "", &q->err);
	return q->rc < 0 ? MHD_NO : MHD_YES;
}

static enum MHD_Result send_logs(const struct request *r)
{
	struct query q = { .options = LOG_OPTIONS_INIT };
	struct stream *stream;

	MHD_get_connection_values(r->c, MHD_GET_ARGUMENT_KIND, on_option, &q);
	if (q.rc < 0 || log_options_check(&q.options, &q.err) < 0)
		return send_error(r->c, &q.err);
	if (!take_room(r->requests, &q.err))
		return send_error(r->c, &q.err);
	stream = stream_open(r->names, &q.options, r->client, &r->requests->streams, &q.err);
	if (!stream)
		return send_error(r->c, &q.err);
	return send_response(r->c, MHD_HTTP_OK,
			     MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, REQUEST_POOL / 2,
							       on_read, stream, on_read_end),
			     "text/plain");
}

/* -- requests --------------------------------------------------------------------------------- */

/* What a name in Kubernetes is made of. */
static bool is_name(const char *text)
{
	return text[0] && strlen(text) <= 253 &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-")];
}

/* Split "/containerLogs/NAMESPACE/POD/CONTAINER" after its first word. Returns how many names there
 * are, -1 if one is none. */
static int split(char *path, char **names, int max)
{
	char *save;
	int n = 0;

	for (char *p = strtok_r(path, "/", &save); p; p = strtok_r(NULL, "/", &save)) {
		if (n == max || !is_name(p))
			return -1;
		names[n++] = p;
	}
	return n;
}

/* kubectl takes a text with ": " in it for YAML, and shows nothing of it. */
static enum MHD_Result send_exec_error(struct MHD_Connection *c, struct error *err)
{
	for (char *p = err->text; (p = strstr(p, ": "));)
		*p = ',';
	return send_error(c, err);
}

/* This thread is the connection's: afterwards there is nothing left to answer. */
static enum MHD_Result run_channels(const struct request *r, struct channels *channels)
{
	channels_run(channels, r->tls, r->client);
	return MHD_NO;
}

static enum MHD_Result send_exec(const struct request *r)
{
	struct channels channels;
	struct error err;

	if (exec_begin(r->c, r->names, r->client, &channels, &err) < 0)
		return send_exec_error(r->c, &err);
	return run_channels(r, &channels);
}

static enum MHD_Result send_attach(const struct request *r)
{
	struct channels channels;
	struct error err;

	if (!take_room(r->requests, &err) ||
	    attach_begin(r->c, r->names, &r->requests->streams, &channels, &err) < 0)
		return send_exec_error(r->c, &err);
	return run_channels(r, &channels);
}

/* What else kubelets have: streams that a job doesn't have. */
static bool is_unknown_stream(const char *url)
{
	static const char *const starts[] = { "/run/", "/portForward/" };

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (!strncmp(url, starts[i], strlen(starts[i])))
			return true;
	return false;
}

static const struct route {
	const char *start;
	bool enters; /* not GET alone: clients that speak SPDY send POST */
	enum MHD_Result (*send)(const struct request *r);
} routes[] = {
	{ "/containerLogs/", false, send_logs },
	{ "/exec/", true, send_exec },
	{ "/attach/", true, send_attach },
};

static const struct route *find_route(const char *url)
{
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
		if (!strncmp(url, routes[i].start, strlen(routes[i].start)))
			return &routes[i];
	return NULL;
}

/* Whoever enters a job does more than read, also by WebSocket, whose method is GET. */
static const char *verb_of(const char *url, const char *method)
{
	const struct route *route = find_route(url);

	if (route && route->enters)
		return "create";
	return strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD) ? "create" :
											     "get";
}

static enum MHD_Result take_route(struct request *r, const char *url, const char *method)
{
	const struct route *route = find_route(url);
	char path[REQUEST_PATH_MAX];

	if (is_unknown_stream(url))
		return send_text(r->c, MHD_HTTP_BAD_REQUEST,
				 "a Slurm job has no such thing; its output: kubectl logs -f, a "
				 "command beside it: kubectl slurm exec");
	if (strcmp(method, MHD_HTTP_METHOD_GET) && !(route && route->enters))
		return send_text(r->c, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET is known here");
	if (!strcmp(url, "/healthz"))
		return send_text(r->c, MHD_HTTP_OK, "ok");
	if (!route || strlen(url) >= sizeof(path))
		return send_text(r->c, MHD_HTTP_NOT_FOUND, "404 page not found");
	strcpy(path, url + strlen(route->start));
	if (split(path, r->names, 3) != 3)
		return send_text(r->c, MHD_HTTP_BAD_REQUEST,
				 "there are /containerLogs/, /exec/ and /attach/"
				 "NAMESPACE/POD/CONTAINER");
	return route->send(r);
}

enum MHD_Result requests_take(void *arg, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *body,
			      size_t *body_size, void **state)
{
	struct request r = { .requests = arg, .c = c };
	const union MHD_ConnectionInfo *info;
	struct error err;

	/* Each may take the place of the one before. */
	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	r.client = info ? info->connect_fd : -1;
	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	r.tls = info ? info->tls_session : NULL;
	if (r.client < 0 || !r.tls)
		return MHD_NO;
	if (who_may(&r.requests->who, r.tls,
		    MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION),
		    verb_of(url, method), r.client, &err) < 0)
		return send_error(c, &err);
	newcomers_welcome(&r.requests->newcomers, c);
	return take_route(&r, url, method);
}
