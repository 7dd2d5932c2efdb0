/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kubelet/channels.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wslay/wslay.h>

#include "common/buffer.h"
#include "common/json.h"
#include "sync-agent/clock.h"

#define MESSAGE_MAX (1 << 20) /* a client's */
#define STDIN_MAX (2 << 20)
#define STDIN_ENOUGH 65536 /* more isn't read from the client while the command doesn't take it */
#define QUEUE_ENOUGH 262144
#define PIECE 16384
#define BYE_MS 10000 /* that long a client may take to hear the end */

enum { IN, OUT, ERR, STATUS, RESIZE, CLOSE = 255 };

struct session {
	struct channels *c;
	gnutls_session_t tls;
	int client;
	bool unsent; /* GnuTLS has taken something that it is to be told to go on with */
	wslay_event_context_ptr ws;
	struct buffer in; /* for the command */
	int stdin_fd, out, err, status;
	bool in_ends; /* the client has closed its stdin */
	bool ended;   /* the client is being told */
	bool goodbye; /* ... and that there is no more */
	bool broken;
};

/* -- the handshake ---------------------------------------------------------------------------- */

const char *channels_protocol(const char *offered)
{
	static const char *const known[] = { "v5.channel.k8s.io", "v4.channel.k8s.io" };

	for (size_t i = 0; offered && i < ARRAY_SIZE(known); i++) {
		size_t len = strlen(known[i]);

		for (const char *p = offered; (p = strstr(p, known[i])); p += len)
			if ((p == offered || strchr(", \t", p[-1])) &&
			    (!p[len] || strchr(", \t", p[len])))
				return known[i];
	}
	return NULL;
}

int channels_accept(const char *key, char ret[29])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	unsigned char hash[20];
	gnutls_datum_t data = { hash, sizeof(hash) }, text = { 0 };
	char both[128];
	int n = snprintf(both, sizeof(both), "%.64s%s", key, guid);

	if (strlen(key) != 24 || gnutls_hash_fast(GNUTLS_DIG_SHA1, both, (size_t)n, hash) < 0 ||
	    gnutls_base64_encode2(&data, &text) < 0)
		return -1;
	snprintf(ret, 29, "%.*s", (int)text.size, text.data);
	gnutls_free(text.data);
	return 0;
}

/* -- frames ----------------------------------------------------------------------------------- */

static bool is_passing(ssize_t rc)
{
	return rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED;
}

/* For a callback: n bytes, or how it failed. */
static ssize_t moved(struct session *s, ssize_t n)
{
	if (n > 0)
		return n;
	wslay_event_set_error(s->ws,
			      is_passing(n) ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
	s->broken |= !is_passing(n);
	return -1;
}

static ssize_t on_recv(wslay_event_context_ptr ws, uint8_t *buf, size_t len, int flags, void *arg)
{
	struct session *s = arg;

	/* wslay reads as long as there is something. */
	if (s->in.used >= STDIN_ENOUGH)
		return moved(s, GNUTLS_E_AGAIN);
	return moved(s, gnutls_record_recv(s->tls, buf, len));
}

static ssize_t on_send(wslay_event_context_ptr ws, const uint8_t *data, size_t len, int flags,
		       void *arg)
{
	struct session *s = arg;
	ssize_t n = s->unsent ? gnutls_record_send(s->tls, NULL, 0) :
				gnutls_record_send(s->tls, data, len);

	s->unsent = is_passing(n);
	return moved(s, n);
}

static void tell(struct session *s, uint8_t channel, const void *data, size_t n)
{
	uint8_t message[PIECE + 1];
	struct wslay_event_msg m = { WSLAY_BINARY_FRAME, message, n + 1 };

	message[0] = channel;
	memcpy(message + 1, data, n);
	s->broken |= wslay_event_queue_msg(s->ws, &m) != 0;
}

static void resize(struct session *s, const uint8_t *data, size_t n)
{
	_cleanup_json_ struct json_object *o = json_parse((const char *)data, n, NULL);
	struct winsize size = { .ws_col = (unsigned short)json_get_int(o, "Width", 80),
				.ws_row = (unsigned short)json_get_int(o, "Height", 24) };

	if (o && s->c->tty)
		ioctl(s->stdin_fd, TIOCSWINSZ, &size);
}

static void on_message(wslay_event_context_ptr ws, const struct wslay_event_on_msg_recv_arg *m,
		       void *arg)
{
	struct session *s = arg;

	if (wslay_is_ctrl_frame(m->opcode) || !m->msg_length)
		return;
	switch (m->msg[0]) {
	case IN:
		/* An empty message is the end, as far as there is one. */
		if (s->stdin_fd >= 0 && buffer_add(&s->in, m->msg + 1, m->msg_length - 1) < 0)
			s->broken = true;
		break;
	case RESIZE:
		resize(s, m->msg + 1, m->msg_length - 1);
		break;
	case CLOSE:
		if (m->msg_length > 1 && m->msg[1] == IN)
			s->in_ends = true;
		break;
	}
}

static void shut(int *fd)
{
	closep(fd);
	*fd = -1;
}

/* -- bytes ------------------------------------------------------------------------------------ */

static void feed(struct session *s)
{
	ssize_t n = s->in.used ? write(s->stdin_fd, s->in.data, s->in.used) : 0;

	if (n > 0)
		buffer_shift(&s->in, (size_t)n);
	/* The command doesn't want it. */
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		buffer_shift(&s->in, s->in.used);
		s->in_ends = true;
	}
	if (s->in_ends && !s->in.used && !s->c->tty)
		shut(&s->stdin_fd);
}

/* Returns false at the end. */
static bool pump(struct session *s, int fd, uint8_t channel)
{
	char buf[PIECE];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n > 0)
		tell(s, channel, buf, (size_t)n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* As kubectl wants to hear it. */
static void tell_end(struct session *s, int code)
{
	static const char success[] = "{\"metadata\":{},\"status\":\"Success\"}";
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"metadata\":{},\"status\":\"Failure\",\"message\":\"command terminated with "
		 "non-zero exit code: "
		 "exit status "
		 "%d\",\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":[{\"reason\":"
		 "\"ExitCode\","
		 "\"message\":\"%d\"}]}}",
		 code, code);
	tell(s, STATUS, code ? text : success, strlen(code ? text : success));
	s->ended = true;
}

/* A close overtakes what is queued before it. */
static void say_goodbye(struct session *s)
{
	if (s->ended && !s->goodbye && !wslay_event_get_queued_msg_count(s->ws)) {
		wslay_event_queue_close(s->ws, WSLAY_CODE_NORMAL_CLOSURE, NULL, 0);
		s->goodbye = true;
	}
}

/* Output first, then how it ended. */
static void take_end(struct session *s)
{
	int code = 255;

	if (s->out >= 0 || s->err >= 0 || s->ended)
		return;
	if (read(s->status, &code, sizeof(code)) != sizeof(code))
		code = 255;
	tell_end(s, code);
}

static void step(struct session *s, int ms)
{
	bool room = wslay_event_get_queued_msg_length(s->ws) < QUEUE_ENOUGH;
	bool wanted = s->in.used < STDIN_ENOUGH && wslay_event_want_read(s->ws);
	/* What GnuTLS has read already, poll() doesn't see. */
	bool there = wanted && gnutls_record_check_pending(s->tls) > 0;
	struct pollfd fds[] = {
		{ .fd = s->client,
		  .events = POLLRDHUP | (wanted ? POLLIN : 0) |
			    (wslay_event_want_write(s->ws) ? POLLOUT : 0) },
		{ .fd = s->in.used ? s->stdin_fd : -1, .events = POLLOUT },
		{ .fd = room ? s->out : -1, .events = POLLIN },
		{ .fd = room ? s->err : -1, .events = POLLIN },
		{ .fd = s->out < 0 && s->err < 0 && !s->ended ? s->status : -1, .events = POLLIN },
	};

	if (poll(fds, ARRAY_SIZE(fds), there ? 0 : ms) == 0 && !there)
		s->broken = true;
	if (there || fds[0].revents & POLLIN)
		s->broken |= wslay_event_recv(s->ws) != 0;
	s->broken |= (fds[0].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
	if (fds[1].revents || s->in_ends)
		feed(s);
	if (fds[2].revents && !pump(s, s->out, OUT))
		shut(&s->out);
	if (fds[3].revents && !pump(s, s->err, ERR))
		shut(&s->err);
	if (fds[4].revents)
		take_end(s);
	if (wslay_event_want_write(s->ws))
		s->broken |= wslay_event_send(s->ws) != 0;
	say_goodbye(s);
}

/* libmicrohttpd could hand the connection over, but with TLS it then passes on four bytes at a time (0.9.75 to 1.0). */
static bool shake_hands(struct session *s)
{
	struct pollfd client = { .fd = s->client, .events = POLLOUT };
	char text[512];
	int size = snprintf(text, sizeof(text),
			    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
			    "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
			    s->c->accept, s->c->protocol);
	ssize_t n = gnutls_record_send(s->tls, text, (size_t)size);

	while (is_passing(n) && poll(&client, 1, BYE_MS) > 0)
		n = gnutls_record_send(s->tls, NULL, 0);
	return n == size;
}

static void set_nonblocking(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* s has its streams. */
static void move_bytes(struct session *s)
{
	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = on_recv,
		.send_callback = on_send,
		.on_msg_recv_callback = on_message,
	};

	if (wslay_event_context_server_init(&s->ws, &callbacks, s) != 0)
		return;
	wslay_event_config_set_max_recv_msg_length(s->ws, MESSAGE_MAX);
	while (!s->broken &&
	       !(s->ended && wslay_event_get_close_sent(s->ws) && !wslay_event_want_write(s->ws)))
		step(s, s->ended ? BYE_MS : -1);
	wslay_event_context_free(s->ws);
}

void channels_run(struct channels *c, gnutls_session_t tls, int client)
{
	struct session s = { .c = c,
			     .tls = tls,
			     .client = client,
			     .in = BUFFER_INIT(STDIN_MAX),
			     .status = c->fds[0],
			     .stdin_fd = c->fds[1],
			     .err = c->tty ? -1 : c->fds[3] };
	int yes = 1;

	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	s.out = c->tty ? fcntl(c->fds[1], F_DUPFD_CLOEXEC, 3) : c->fds[2];
	set_nonblocking(s.stdin_fd);
	set_nonblocking(s.out);
	set_nonblocking(s.err);
	if (shake_hands(&s))
		move_bytes(&s);
	buffer_free(&s.in);
	shut(&s.stdin_fd);
	shut(&s.out);
	shut(&s.err);
	shut(&s.status);
	for (int i = 0; i < PASS_FDS_MAX; i++)
		c->fds[i] = -1;
}

void channels_close(struct channels *c)
{
	for (int i = 0; i < PASS_FDS_MAX; i++)
		shut(&c->fds[i]);
}
