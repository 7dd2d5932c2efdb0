/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kubelet/channels.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
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
	wslay_event_context_ptr ws;
	struct buffer in; /* for the command */
	int stdin_fd, out, err, status;
	bool in_ends; /* the client has closed its stdin */
	bool ended;   /* the client is being told */
	bool goodbye; /* ... and that there is no more */
	bool broken;
	const char *extra;
	size_t extra_size;
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

static ssize_t on_recv(wslay_event_context_ptr ws, uint8_t *buf, size_t len, int flags, void *arg)
{
	struct session *s = arg;
	ssize_t n;

	if (s->extra_size) {
		n = (ssize_t)(len < s->extra_size ? len : s->extra_size);
		memcpy(buf, s->extra, (size_t)n);
		s->extra += n;
		s->extra_size -= (size_t)n;
		return n;
	}
	/* wslay reads as long as there is something. */
	if (s->in.used >= STDIN_ENOUGH) {
		wslay_event_set_error(ws, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	n = recv(s->c->socket, buf, len, MSG_DONTWAIT);
	if (n > 0)
		return n;
	wslay_event_set_error(ws, n < 0 && (errno == EAGAIN || errno == EINTR)
					  ? WSLAY_ERR_WOULDBLOCK
					  : WSLAY_ERR_CALLBACK_FAILURE);
	s->broken |= n == 0 || (errno != EAGAIN && errno != EINTR);
	return -1;
}

static ssize_t on_send(wslay_event_context_ptr ws, const uint8_t *data, size_t len, int flags,
		       void *arg)
{
	struct session *s = arg;
	ssize_t n = send(s->c->socket, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n >= 0)
		return n;
	wslay_event_set_error(ws, errno == EAGAIN || errno == EINTR ? WSLAY_ERR_WOULDBLOCK
								    : WSLAY_ERR_CALLBACK_FAILURE);
	s->broken |= errno != EAGAIN && errno != EINTR;
	return -1;
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
	struct pollfd fds[] = {
		{ .fd = s->c->socket,
		  .events =
			  (s->in.used < STDIN_ENOUGH && wslay_event_want_read(s->ws) ? POLLIN : 0) |
			  (wslay_event_want_write(s->ws) ? POLLOUT : 0) },
		{ .fd = s->in.used ? s->stdin_fd : -1, .events = POLLOUT },
		{ .fd = room ? s->out : -1, .events = POLLIN },
		{ .fd = room ? s->err : -1, .events = POLLIN },
		{ .fd = s->out < 0 && s->err < 0 && !s->ended ? s->status : -1, .events = POLLIN },
		/* libmicrohttpd, which stands between, doesn't tell. */
		{ .fd = s->c->client, .events = POLLRDHUP },
	};

	if (poll(fds, ARRAY_SIZE(fds), ms) == 0 && ms > 0)
		s->broken = true;
	if (fds[0].revents & (POLLIN | POLLHUP | POLLERR))
		s->broken |= wslay_event_recv(s->ws) != 0;
	s->broken |= fds[5].revents != 0;
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

static void set_nonblocking(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void channels_run(struct channels *c, const char *extra, size_t extra_size)
{
	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = on_recv,
		.send_callback = on_send,
		.on_msg_recv_callback = on_message,
	};
	struct session s = { .c = c,
			     .in = BUFFER_INIT(STDIN_MAX),
			     .status = c->fds[0],
			     .stdin_fd = c->fds[1],
			     .err = c->tty ? -1 : c->fds[3],
			     .extra = extra,
			     .extra_size = extra_size };

	s.out = c->tty ? fcntl(c->fds[1], F_DUPFD_CLOEXEC, 3) : c->fds[2];
	set_nonblocking(s.stdin_fd);
	set_nonblocking(s.out);
	set_nonblocking(s.err);
	if (wslay_event_context_server_init(&s.ws, &callbacks, &s) == 0) {
		wslay_event_config_set_max_recv_msg_length(s.ws, MESSAGE_MAX);
		if (extra_size)
			s.broken = wslay_event_recv(s.ws) != 0;
		while (!s.broken && !(s.ended && wslay_event_get_close_sent(s.ws) &&
				      !wslay_event_want_write(s.ws)))
			step(&s, s.ended ? BYE_MS : -1);
		wslay_event_context_free(s.ws);
	}
	buffer_free(&s.in);
	shut(&s.stdin_fd);
	shut(&s.out);
	shut(&s.err);
	shut(&s.status);
	for (int i = 0; i < PASS_FDS_MAX; i++)
		c->fds[i] = -1;
}
