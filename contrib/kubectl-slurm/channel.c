/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "contrib/kubectl-slurm/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <wslay/wslay.h>

#include "common/buffer.h"
#include "common/json.h"

#define MESSAGE_MAX (1 << 20)
#define PENDING_ENOUGH                                                                             \
	65536 /* bytes for a stream of ours; no more is read from the socket while it doesn't take \
		 them */
#define QUEUE_ENOUGH 262144
#define PIECE                                                                                      \
	4096 /* a write of that many bytes doesn't block where poll() says that there is room */

enum { IN, OUT, ERR, STATUS, RESIZE, CLOSE = 255 };

struct session {
	wslay_event_context_ptr ws;
	int fd, signals;
	bool tty, in_open, broken, over;
	struct buffer out[2]; /* for our standard output and error */
	int code;	      /* -1: not told yet */
	char message[256];    /* where it is no exit code */
	int signal;	      /* that ended us */
};

/* -- frames ----------------------------------------------------------------------------------- */

static ssize_t on_recv(wslay_event_context_ptr ws, uint8_t *buf, size_t len, int flags, void *arg)
{
	struct session *s = arg;
	ssize_t n = recv(s->fd, buf, len, MSG_DONTWAIT);

	if (n > 0)
		return n;
	s->over |= n == 0 || (errno != EAGAIN && errno != EINTR);
	wslay_event_set_error(ws, s->over ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
	return -1;
}

static ssize_t on_send(wslay_event_context_ptr ws, const uint8_t *data, size_t len, int flags,
		       void *arg)
{
	struct session *s = arg;
	ssize_t n = send(s->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n >= 0)
		return n;
	s->over |= errno != EAGAIN && errno != EINTR;
	wslay_event_set_error(ws, s->over ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
	return -1;
}

static int on_mask(wslay_event_context_ptr ws, uint8_t *buf, size_t len, void *arg)
{
	return getrandom(buf, len, 0) == (ssize_t)len ? 0 : -1;
}

static void tell(struct session *s, uint8_t channel, const void *data, size_t n)
{
	uint8_t message[PIECE + 1];
	struct wslay_event_msg m = { WSLAY_BINARY_FRAME, message, n + 1 };

	message[0] = channel;
	memcpy(message + 1, data, n);
	/* Refused once the other side has said goodbye. */
	s->over |= wslay_event_queue_msg(s->ws, &m) != 0;
}

/* Success, or how it failed: an exit code, or only a text. */
static void take_status(struct session *s, const char *text, size_t n)
{
	_cleanup_json_ struct json_object *o = json_parse(text, n, NULL);
	struct json_object *causes = json_get(o, "details.causes");
	const char *status = json_get_string(o, "status");

	s->over = true; /* output came before it */
	s->code = status && !strcmp(status, "Success") ? 0 : 1;
	for (size_t i = 0; i < json_length(causes); i++) {
		struct json_object *cause = json_object_array_get_idx(causes, i);
		const char *reason = json_get_string(cause, "reason");
		const char *number = json_get_string(cause, "message");

		if (reason && number && !strcmp(reason, "ExitCode")) {
			s->code = atoi(number) & 255;
			return;
		}
	}
	if (s->code)
		snprintf(s->message, sizeof(s->message), "%s",
			 json_get_string(o, "message") ?: "it failed");
}

static void on_message(wslay_event_context_ptr ws, const struct wslay_event_on_msg_recv_arg *m,
		       void *arg)
{
	struct session *s = arg;

	if (wslay_is_ctrl_frame(m->opcode) || m->msg_length < 2)
		return;
	if (m->msg[0] == OUT || m->msg[0] == ERR)
		s->broken |=
			buffer_add(&s->out[m->msg[0] - OUT], m->msg + 1, m->msg_length - 1) < 0;
	else if (m->msg[0] == STATUS)
		take_status(s, (const char *)m->msg + 1, m->msg_length - 1);
}

/* -- opening ---------------------------------------------------------------------------------- */

static int send_all(int fd, const char *text, struct error *err)
{
	for (size_t n = strlen(text); n;) {
		ssize_t done = send(fd, text, n, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return error_errno(err, "kubectl proxy");
		text += done;
		n -= (size_t)done;
	}
	return 0;
}

/* The Status in an answer that is no upgrade, however it is framed. */
static int tell_refusal(const char *head, const char *body, struct error *err)
{
	const char *from = strchr(body, '{'), *to = strrchr(body, '}');
	_cleanup_json_ struct json_object *o =
		from && to > from ? json_parse(from, (size_t)(to - from) + 1, NULL) : NULL;
	const char *message = json_get_string(o, "message");

	if (message)
		return error_set(err, EPERM, "%s", message);
	/* The agent's own words, or none. */
	if (body[0])
		return error_set(err, EPERM, "%.*s", (int)strcspn(body, "\r\n"), body);
	return error_set(err, EPERM, "the API server says: %.*s", (int)strcspn(head, "\r\n"), head);
}

static bool has_begun(const char *answer)
{
	return !strncmp(answer, "HTTP/1.1 101 ", 13);
}

/* Has all of an answer come? A body has its length before it, or is in chunks of which the last one
 * is empty. */
static bool is_whole(const struct buffer *b)
{
	const char *body = strstr(b->data, "\r\n\r\n");
	const char *length = strcasestr(b->data, "\r\nContent-Length:");

	if (!body)
		return false;
	if (has_begun(b->data))
		return true;
	if (length && length < body)
		return strlen(body + 4) >= strtoul(length + 17, NULL, 10);
	return b->used > 5 && !strcmp(b->data + b->used - 5, "0\r\n\r\n");
}

static int read_answer(int fd, struct error *err)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(65536);
	struct timeval limit = { .tv_sec = 90 };
	char byte;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	/* Byte by byte: behind the head of an upgrade there are frames already, which are not ours
	 * to read here. */
	do {
		if (recv(fd, &byte, 1, 0) != 1 || buffer_add(&b, &byte, 1) < 0)
			break;
	} while (!is_whole(&b));
	if (!b.data || !strstr(b.data, "\r\n\r\n"))
		return error_set(err, EIO, "kubectl proxy gives no answer within %lld s",
				 (long long)limit.tv_sec);
	if (!has_begun(b.data))
		return tell_refusal(b.data, strstr(b.data, "\r\n\r\n") + 4, err);
	if (!strcasestr(b.data, "\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n"))
		return error_set(err, EPROTO, "the other side doesn't speak v4.channel.k8s.io");
	return 0;
}

/* The key only keeps caches from answering, and nothing stands between us and our own kubectl
 * proxy: its echo isn't checked. */
int channel_open(int fd, const char *path, struct error *err)
{
	_cleanup_free_ char *request = NULL;
	int n = asprintf(
		&request,
		"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: "
		"websocket\r\n"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2x1cm0ta3ViZSBwbHVnaQ==\r\n"
		"Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n",
		path);

	if (n < 0) {
		request = NULL;
		return error_set(err, ENOMEM, "not enough memory");
	}
	if (send_all(fd, request, err) < 0)
		return -1;
	return read_answer(fd, err);
}

/* -- bytes ------------------------------------------------------------------------------------ */

static void tell_size(struct session *s)
{
	struct winsize size;
	char text[64];

	if (!s->tty || ioctl(0, TIOCGWINSZ, &size) < 0)
		return;
	snprintf(text, sizeof(text), "{\"Width\":%u,\"Height\":%u}", size.ws_col, size.ws_row);
	tell(s, RESIZE, text, strlen(text));
}

static void take_stdin(struct session *s)
{
	static const uint8_t in = IN;
	char buf[PIECE];
	ssize_t n = read(0, buf, sizeof(buf));

	if (n > 0) {
		tell(s, IN, buf, (size_t)n);
		return;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* v4 has no way to say that there is no more; the agent takes v5's. */
	tell(s, CLOSE, &in, 1);
	s->in_open = false;
}

static void take_signal(struct session *s)
{
	struct signalfd_siginfo info;

	if (read(s->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGWINCH)
		tell_size(s);
	else
		s->signal = (int)info.ssi_signo;
}

static void give(struct session *s, int stream)
{
	struct buffer *b = &s->out[stream];
	ssize_t n = write(1 + stream, b->data, b->used < PIECE ? b->used : PIECE);

	if (n > 0)
		buffer_shift(b, (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		s->broken = true;
}

static void step(struct session *s)
{
	bool room = s->out[0].used < PENDING_ENOUGH && s->out[1].used < PENDING_ENOUGH;
	bool enough = wslay_event_get_queued_msg_length(s->ws) >= QUEUE_ENOUGH;
	struct pollfd fds[] = {
		{ .fd = s->over ? -1 : s->fd,
		  .events = (room && wslay_event_want_read(s->ws) ? POLLIN : 0) |
			    (wslay_event_want_write(s->ws) ? POLLOUT : 0) },
		{ .fd = s->in_open && !enough && !s->over ? 0 : -1, .events = POLLIN },
		{ .fd = s->out[0].used ? 1 : -1, .events = POLLOUT },
		{ .fd = s->out[1].used ? 2 : -1, .events = POLLOUT },
		{ .fd = s->signals, .events = POLLIN },
	};

	if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		return;
	if (fds[0].revents && room && wslay_event_recv(s->ws) != 0)
		s->over = true;
	if (fds[1].revents && !s->over)
		take_stdin(s);
	if (fds[2].revents)
		give(s, 0);
	if (fds[3].revents)
		give(s, 1);
	if (fds[4].revents)
		take_signal(s);
	if (!s->over && wslay_event_want_write(s->ws) && wslay_event_send(s->ws) != 0)
		s->over = true;
	s->over |= wslay_event_get_close_received(s->ws) != 0;
}

static int result(const struct session *s, struct error *err)
{
	if (s->signal)
		return 128 + s->signal;
	if (s->broken)
		return error_set(err, EPIPE, "this program's output can't be written");
	if (s->code < 0)
		return error_set(err, EIO, "the connection ended before the command did");
	if (s->message[0])
		return error_set(err, EPERM, "%s", s->message);
	return s->code;
}

static void pump(struct session *s, bool stdin_on)
{
	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = on_recv,
		.send_callback = on_send,
		.genmask_callback = on_mask,
		.on_msg_recv_callback = on_message,
	};

	s->in_open = stdin_on;
	if (wslay_event_context_client_init(&s->ws, &callbacks, s) != 0) {
		s->broken = true;
		return;
	}
	wslay_event_config_set_max_recv_msg_length(s->ws, MESSAGE_MAX);
	tell_size(s);
	while (!s->broken && !s->signal && !(s->over && !s->out[0].used && !s->out[1].used))
		step(s);
	wslay_event_context_free(s->ws);
}

int channel_run(int fd, bool stdin_on, bool tty, struct error *err)
{
	struct session s = { .fd = fd,
			     .tty = tty,
			     .code = -1,
			     .out = { BUFFER_INIT(2 * MESSAGE_MAX),
				      BUFFER_INIT(2 * MESSAGE_MAX) } };
	struct termios before, raw;
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGWINCH);
	s.signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (s.signals < 0)
		return error_errno(err, "can't wait for signals");
	sigprocmask(SIG_BLOCK, &set, &old);
	tty = tty && tcgetattr(0, &before) == 0;
	if (tty) {
		raw = before;
		cfmakeraw(&raw);
		tcsetattr(0, TCSADRAIN, &raw);
	}
	pump(&s, stdin_on);
	if (tty)
		tcsetattr(0, TCSADRAIN, &before);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(s.signals);
	buffer_free(&s.out[0]);
	buffer_free(&s.out[1]);
	return result(&s, err);
}
