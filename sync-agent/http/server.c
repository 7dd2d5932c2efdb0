/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/http/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#include "common/buffer.h"
#include "sync-agent/clock.h"
#include "sync-agent/http/listen.h"
#include "sync-agent/metrics/report.h"

#define CONNECTIONS_MAX 16
#define REQUEST_MAX 8192
#define CONNECTION_US 10000000
#define ANSWER_MAX (1 << 20)
#define AGAIN_US 1000

struct connection {
	struct connection *next, *prev;
	int fd;
	int64_t until;
};

struct http {
	struct MHD_Daemon *daemon;
	const struct agent *agent;
	struct connection *connections; /* the oldest first */
	bool closed; /* a connection, in the step that runs */
	int64_t next;
};

/* -- pages ---------------------------------------------------------------------------------- */

static unsigned page_metrics(const struct agent *a, struct buffer *to)
{
	report_metrics(a, to);
	return to->overflowed ? MHD_HTTP_INTERNAL_SERVER_ERROR : MHD_HTTP_OK;
}

/* Whoever gets this has been served by the loop: it turns. */
static unsigned page_health(const struct agent *a, struct buffer *to)
{
	buffer_printf(to, "ok\n");
	return MHD_HTTP_OK;
}

static unsigned page_ready(const struct agent *a, struct buffer *to)
{
	return report_ready(a, to) ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
}

static const struct page {
	const char *path, *type;
	unsigned (*make)(const struct agent *a, struct buffer *to);
} pages[] = {
	{ "/metrics", "text/plain; version=0.0.4; charset=utf-8", page_metrics },
	{ "/healthz", "text/plain; charset=utf-8", page_health },
	{ "/readyz", "text/plain; charset=utf-8", page_ready },
};

static unsigned make_answer(const struct http *h, const char *url, const char *method,
			    struct buffer *to, const char **type)
{
	*type = "text/plain; charset=utf-8";
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD)) {
		buffer_printf(to, "only GET is known here\n");
		return MHD_HTTP_METHOD_NOT_ALLOWED;
	}
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		if (strcmp(url, pages[i].path))
			continue;
		*type = pages[i].type;
		return pages[i].make(h->agent, to);
	}
	buffer_printf(to, "there are /metrics, /healthz and /readyz\n");
	return MHD_HTTP_NOT_FOUND;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *body,
				  size_t *body_size, void **state)
{
	_cleanup_buffer_ struct buffer text = BUFFER_INIT(ANSWER_MAX);
	struct MHD_Response *response;
	enum MHD_Result result;
	const char *type;
	unsigned status;

	status = make_answer(arg, url, method, &text, &type);
	response = MHD_create_response_from_buffer(text.used, text.data, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	/* A request per connection, so that a connection's age is bounded. */
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* -- connections ---------------------------------------------------------------------------- */

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info;
	struct connection *c = *context;
	struct http *h = arg;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (c)
			DL_DELETE(h->connections, c);
		free(c);
		h->closed = true;
		return;
	}
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	c = calloc(1, sizeof(*c));
	if (!info || !c) {
		free(c);
		return;
	}
	c->fd = info->connect_fd;
	c->until = clock_us() + CONNECTION_US;
	DL_APPEND(h->connections, c);
	*context = c;
}

/* libmicrohttpd's own time limit is for silence only: it would let a client send a byte now and
 * then for ever. */
static int64_t end_old(struct http *h)
{
	struct connection *c;

	for (c = h->connections; c && c->until <= clock_us(); c = c->next)
		shutdown(c->fd, SHUT_RDWR);
	return c ? c->until : INT64_MAX;
}

/* -- start and steps ------------------------------------------------------------------------ */

struct http *http_start(const char *address, const struct agent *a, struct error *err)
{
	_cleanup_close_ int fd = http_listen("http.listen", address, err);
	struct http *h = fd < 0 ? NULL : calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->agent = a;
	h->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, on_request, h, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
		CONNECTION_US / 1000000, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_MAX,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_END);
	if (!h->daemon) {
		error_set(err, ENOMEM, "http.listen %s: libmicrohttpd can't be started", address);
		free(h);
		return NULL;
	}
	(void)TAKE_FD(fd); /* libmicrohttpd's now */
	return h;
}

int http_fd(const struct http *h)
{
	const union MHD_DaemonInfo *info;

	info = h ? MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	return info ? info->epoll_fd : -1;
}

int64_t http_step(struct http *h, bool readable)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (!h)
		return INT64_MAX;
	if (!readable && clock_us() < h->next)
		return h->next;
	h->closed = false;
	h->next = end_old(h);
	MHD_run(h->daemon);
	/* With as many connections as it may have it doesn't listen, and begins again in the step after one
	 * has gone. */
	if (h->closed)
		h->next = clock_us() + AGAIN_US;
	if (MHD_get_timeout(h->daemon, &ms) == MHD_YES && clock_us() + (int64_t)ms * 1000 < h->next)
		h->next = clock_us() + (int64_t)ms * 1000;
	return h->next;
}

void http_stop(struct http *h)
{
	if (!h)
		return;
	MHD_stop_daemon(h->daemon);
	free(h);
}
