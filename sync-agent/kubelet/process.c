/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kubelet/process.h"

#include <errno.h>
#include <grp.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#include "common/cleanup.h"
#include "sync-agent/kubelet/exec_request.h"
#include "sync-agent/kubelet/link.h"
#include "sync-agent/kubelet/protocol.h"
#include "sync-agent/kubelet/stream.h"
#include "sync-agent/kubelet/who.h"
#include "sync-agent/log.h"

#define NEWCOMERS_MAX 128 /* connections that have not yet said who they are; the oldest goes */
#define NEWCOMER_S 10	  /* for the handshake and the request */
#define SILENCE_S 14400	  /* a reader that reads nothing for so long is gone; kubelet's own value */
#define POOL 65536	  /* bytes of a connection: its request, and what it is sent at once */
#define REQUEST_PATH_MAX 1024
#define STACK (256 << 10)
#define FILES_MAX 16384 /* descriptors */
#define NOBODY 65534

struct connection {
	struct connection *next, *prev;
	int fd;
	bool listed; /* among the newcomers */
};

struct server {
	const struct process_config *config;
	struct who who;
	struct MHD_Daemon *daemon;
	pthread_mutex_t lock;
	struct connection *newcomers; /* the oldest first */
	unsigned n_newcomers;
	atomic_uint streams;
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

struct reply {
	struct server *server;
	struct stream *stream;
};

static ssize_t on_read(void *arg, uint64_t at, char *buf, size_t max)
{
	struct reply *r = arg;
	ssize_t n = stream_read(r->stream, buf, max);

	if (n < 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	return n ? n : MHD_CONTENT_READER_END_OF_STREAM;
}

static void on_read_end(void *arg)
{
	struct reply *r = arg;

	stream_free(r->stream);
	atomic_fetch_sub(&r->server->streams, 1);
	free(r);
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

static enum MHD_Result send_logs(struct server *s, struct MHD_Connection *c, int client,
				 char *const *names)
{
	struct query q = { .options = LOG_OPTIONS_INIT };
	struct reply *r;

	MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, on_option, &q);
	if (q.rc < 0 || log_options_check(&q.options, &q.err) < 0)
		return send_error(c, &q.err);
	r = calloc(1, sizeof(*r));
	if (atomic_fetch_add(&s->streams, 1) >= KUBELET_STREAMS_MAX || !r) {
		atomic_fetch_sub(&s->streams, 1);
		free(r);
		return send_text(c, MHD_HTTP_SERVICE_UNAVAILABLE,
				 "as many logs are being read as the agent serves at a time; try "
				 "again later");
	}
	r->server = s;
	r->stream = stream_open(names[0], names[1], names[2], &q.options, client, &q.err);
	if (!r->stream) {
		on_read_end(r);
		return send_error(c, &q.err);
	}
	return send_response(c, MHD_HTTP_OK,
			     MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, POOL / 2, on_read,
							       r, on_read_end),
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

static enum MHD_Result send_exec(struct MHD_Connection *c, int client, char *const *names,
				 struct exec_session **session)
{
	struct MHD_Response *r;
	const char *protocol;
	char accept[29];
	enum MHD_Result result;
	struct error err;

	*session = exec_begin(c, names[0], names[1], client, &protocol, accept, &err);
	if (!*session)
		return send_exec_error(c, &err);
	r = MHD_create_response_for_upgrade(exec_upgraded, *session);
	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, MHD_HTTP_HEADER_UPGRADE, "websocket");
	MHD_add_response_header(r, MHD_HTTP_HEADER_SEC_WEBSOCKET_ACCEPT, accept);
	MHD_add_response_header(r, MHD_HTTP_HEADER_SEC_WEBSOCKET_PROTOCOL, protocol);
	result = MHD_queue_response(c, MHD_HTTP_SWITCHING_PROTOCOLS, r);
	MHD_destroy_response(r);
	return result;
}

/* What else kubelets have: streams that a job doesn't have. */
static bool is_unknown_stream(const char *url)
{
	static const char *const starts[] = { "/attach/", "/run/", "/portForward/" };

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (!strncmp(url, starts[i], strlen(starts[i])))
			return true;
	return false;
}

static enum MHD_Result route(struct server *s, struct MHD_Connection *c, int client,
			     const char *url, const char *method, struct exec_session **session)
{
	static const char logs[] = "/containerLogs/", exec[] = "/exec/";
	char path[REQUEST_PATH_MAX], *names[3];
	bool is_exec = !strncmp(url, exec, strlen(exec));

	if (is_unknown_stream(url))
		return send_text(c, MHD_HTTP_BAD_REQUEST,
				 "a Slurm job has no such thing; its output: kubectl logs -f, a "
				 "command beside "
				 "it: kubectl slurm exec");
	if (strcmp(method, MHD_HTTP_METHOD_GET) && !is_exec)
		return send_text(c, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET is known here");
	if (!strcmp(url, "/healthz"))
		return send_text(c, MHD_HTTP_OK, "ok");
	if ((!is_exec && strncmp(url, logs, strlen(logs))) || strlen(url) >= sizeof(path))
		return send_text(c, MHD_HTTP_NOT_FOUND, "404 page not found");
	strcpy(path, url + (is_exec ? strlen(exec) : strlen(logs)));
	if (split(path, names, 3) != 3)
		return send_text(c, MHD_HTTP_BAD_REQUEST,
				 "there are /containerLogs/ and /exec/NAMESPACE/POD/CONTAINER");
	return is_exec ? send_exec(c, client, names, session) : send_logs(s, c, client, names);
}

/* No newcomer any more. The lock is held. */
static void unlist(struct server *s, struct connection *mine)
{
	if (!mine || !mine->listed)
		return;
	DL_DELETE(s->newcomers, mine);
	s->n_newcomers--;
	mine->listed = false;
}

/* It has said who it is, and takes its time from now on. */
static void welcome(struct server *s, struct MHD_Connection *c, struct connection *mine)
{
	pthread_mutex_lock(&s->lock);
	unlist(s, mine);
	pthread_mutex_unlock(&s->lock);
	MHD_set_connection_option(c, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)SILENCE_S);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *body,
				  size_t *body_size, void **state)
{
	const union MHD_ConnectionInfo *fd, *tls, *mine;
	struct server *s = arg;
	struct error err;

	fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	tls = MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	mine = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	if (!fd || !tls || !tls->tls_session)
		return MHD_NO;
	if (who_may(&s->who, tls->tls_session,
		    MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION),
		    method, fd->connect_fd, &err) < 0)
		return send_error(c, &err);
	welcome(s, c, mine ? mine->socket_context : NULL);
	return route(s, c, fd->connect_fd, url, method, (struct exec_session **)state);
}

static void on_completed(void *arg, struct MHD_Connection *c, void **state,
			 enum MHD_RequestTerminationCode how)
{
	exec_free(*state);
	*state = NULL;
}

/* -- connections ------------------------------------------------------------------------------ */

/* A client that has gone without a word is found out. */
static void keep_alive(int fd)
{
	int on = 1, idle = 60, interval = 20, count = 3;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

static void *arrive(struct server *s, int fd)
{
	struct connection *mine = calloc(1, sizeof(*mine));

	if (!mine) {
		shutdown(fd, SHUT_RDWR);
		return NULL;
	}
	keep_alive(fd);
	mine->fd = fd;
	pthread_mutex_lock(&s->lock);
	if (s->n_newcomers == NEWCOMERS_MAX) {
		shutdown(s->newcomers->fd, SHUT_RDWR);
		unlist(s, s->newcomers);
	}
	DL_APPEND(s->newcomers, mine);
	s->n_newcomers++;
	mine->listed = true;
	pthread_mutex_unlock(&s->lock);
	return mine;
}

static void leave(struct server *s, struct connection *mine)
{
	pthread_mutex_lock(&s->lock);
	unlist(s, mine);
	pthread_mutex_unlock(&s->lock);
	free(mine);
}

static void on_connection(void *arg, struct MHD_Connection *c, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *fd;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		leave(arg, *context);
		return;
	}
	fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	*context = fd ? arrive(arg, fd->connect_fd) : NULL;
}

/* -- start ------------------------------------------------------------------------------------ */

/* It needs no rights, and hears from everybody: files are opened by others. */
static int become_nobody(void)
{
	if (geteuid() != 0)
		return 0;
	return setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
			       setresuid(NOBODY, NOBODY, NOBODY) < 0
		       ? -1
		       : 0;
}

static void raise_limits(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return;
	if (files.rlim_cur < FILES_MAX)
		files.rlim_cur = files.rlim_max < FILES_MAX ? files.rlim_max : FILES_MAX;
	setrlimit(RLIMIT_NOFILE, &files);
}

static void start_daemon(struct server *s)
{
	const struct papers *p = s->config->papers;
	struct MHD_OptionItem trust[] = {
		{ MHD_OPTION_HTTPS_MEM_TRUST, 0, p->client_ca },
		{ MHD_OPTION_END, 0, NULL },
	};

	if (!p->client_ca)
		trust[0].option = MHD_OPTION_END;
	s->daemon = MHD_start_daemon(
		MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
			MHD_USE_TLS | MHD_USE_ITC | MHD_ALLOW_UPGRADE,
		0, NULL, NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET, s->config->listener,
		MHD_OPTION_HTTPS_MEM_CERT, p->certificate, MHD_OPTION_HTTPS_MEM_KEY, p->key,
		MHD_OPTION_HTTPS_PRIORITIES, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2",
		MHD_OPTION_ARRAY, trust, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)(KUBELET_STREAMS_MAX + 2 * NEWCOMERS_MAX), MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)NEWCOMER_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL,
		MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_END);
}

static void drain(struct server *s)
{
	const union MHD_DaemonInfo *n;

	MHD_quiesce_daemon(s->daemon);
	do {
		sleep(1);
		n = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
	} while (n && n->num_connections);
}

void process_run(const struct process_config *c)
{
	struct server s = { .config = c,
			    .who = { c->names, c->papers->client_ca != NULL },
			    .lock = PTHREAD_MUTEX_INITIALIZER };

	signal(SIGPIPE, SIG_IGN);
	raise_limits();
	if (!c->papers->certificate)
		_exit(1); /* the keeper has said why */
	if (become_nobody() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
	    link_start(c->number, c->keeper, c->watches) < 0) {
		log_error("kubelet process: %s", strerror(errno));
		_exit(1);
	}
	/* The change of user has cleared it meanwhile. */
	if (getppid() == 1)
		_exit(1);
	start_daemon(&s);
	if (!s.daemon) {
		log_error("kubelet.listen: libmicrohttpd can't be started");
		_exit(1);
	}
	if (link_wait_drain())
		drain(&s);
	_exit(0);
}
