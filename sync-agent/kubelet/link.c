/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kubelet/link.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#include "common/json.h"
#include "sync-agent/clock.h"
#include "sync-agent/kubelet/protocol.h"

/* Waiters of one file. */
struct watched {
	int wd;
	struct waiter *waiters;
	UT_hash_handle hh;
};

static struct {
	pthread_mutex_t lock; /* all below, and what is in questions and waiters */
	pthread_t thread;
	int keeper, watches;
	int64_t serial;
	struct question *questions;
	struct watched *files;
	int drain; /* an eventfd */
	bool gone;
} hub = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void wake(const struct waiter *w)
{
	uint64_t one = 1;

	if (write(w->wake, &one, sizeof(one)) < 0)
		return; /* it is awake already */
}

/* -- what comes ------------------------------------------------------------------------------ */

static void drain(void)
{
	uint64_t one = 1;

	if (write(hub.drain, &one, sizeof(one)) < 0)
		_exit(1);
}

static void close_all(int fds[PASS_FDS_MAX])
{
	for (int i = 0; i < PASS_FDS_MAX; i++)
		closep(&fds[i]);
}

static void give_answer(struct json_object *answer, int fds[PASS_FDS_MAX])
{
	int64_t serial = json_get_int(answer, "serial", 0);
	struct question *q;

	pthread_mutex_lock(&hub.lock);
	HASH_FIND(hh, hub.questions, &serial, sizeof(serial), q);
	if (q && !q->answer) {
		q->answer = json_object_get(answer);
		for (int i = 0; i < PASS_FDS_MAX; i++)
			q->fds[i] = TAKE_FD(fds[i]);
		wake(q->waiter);
	}
	pthread_mutex_unlock(&hub.lock);
}

/* Returns false once the keeper has gone. */
static bool take_message(void)
{
	_cleanup_json_ struct json_object *message = NULL;
	char buf[KUBELET_MESSAGE_MAX];
	int fds[PASS_FDS_MAX];
	ssize_t n = take_fds(hub.keeper, buf, sizeof(buf), fds);

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	message = json_parse(buf, (size_t)n, NULL);
	if (json_get_bool(message, "drain", false))
		drain();
	else if (message)
		give_answer(message, fds);
	close_all(fds);
	return true;
}

static void touch(int wd, uint32_t mask)
{
	struct watched *f;
	struct waiter *w;

	HASH_FIND_INT(hub.files, &wd, f);
	if (!f)
		return;
	DL_FOREACH (f->waiters, w) {
		if (!w->touched)
			wake(w);
		w->touched |= mask;
	}
}

static void touch_all(void)
{
	for (struct watched *f = hub.files; f; f = f->hh.next)
		touch(f->wd, IN_ALL_EVENTS);
}

static void take_events(void)
{
	char buf[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = read(hub.watches, buf, sizeof(buf));

	pthread_mutex_lock(&hub.lock);
	for (char *p = buf; n > 0 && p < buf + n;) {
		const struct inotify_event *e = (const void *)p;

		if (e->mask & IN_Q_OVERFLOW)
			touch_all();
		else
			touch(e->wd, e->mask);
		p += sizeof(*e) + e->len;
	}
	pthread_mutex_unlock(&hub.lock);
}

static void *run(void *unused)
{
	struct pollfd fds[] = {
		{ .fd = hub.keeper, .events = POLLIN },
		{ .fd = hub.watches, .events = POLLIN },
	};

	do {
		poll(fds, ARRAY_SIZE(fds), -1);
		if (fds[1].revents)
			take_events();
	} while (!fds[0].revents || take_message());
	hub.gone = true;
	drain();
	return NULL;
}

int link_start(uint32_t number, int keeper, int watches)
{
	hub.keeper = keeper;
	hub.watches = watches;
	hub.serial = (int64_t)((uint64_t)number << 32);
	hub.drain = eventfd(0, EFD_CLOEXEC);
	return hub.drain < 0 || pthread_create(&hub.thread, NULL, run, NULL) ? -1 : 0;
}

bool link_wait_drain(void)
{
	uint64_t n;

	while (read(hub.drain, &n, sizeof(n)) < 0 && errno == EINTR)
		;
	return !hub.gone;
}

/* -- waiters --------------------------------------------------------------------------------- */

int waiter_init(struct waiter *w)
{
	*w = (struct waiter){ .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .wd = -1 };
	return w->wake < 0 ? -1 : 0;
}

int waiter_wait(struct waiter *w, int client, int ms)
{
	struct pollfd fds[] = {
		{ .fd = w->wake, .events = POLLIN },
		{ .fd = client, .events = POLLRDHUP },
	};
	uint64_t n;

	if (poll(fds, ARRAY_SIZE(fds), ms) < 0 && errno != EINTR)
		return -1;
	if (fds[0].revents && read(w->wake, &n, sizeof(n)) < 0)
		return -1;
	return fds[1].revents & (POLLRDHUP | POLLHUP | POLLERR) ? -1 : 0;
}

static void unwatch(struct waiter *w)
{
	struct watched *f;

	HASH_FIND_INT(hub.files, &w->wd, f);
	if (!f)
		return;
	DL_DELETE(f->waiters, w);
	if (!f->waiters) {
		inotify_rm_watch(hub.watches, f->wd);
		HASH_DEL(hub.files, f);
		free(f);
	}
}

void waiter_watch(struct waiter *w, int wd)
{
	struct watched *f;

	pthread_mutex_lock(&hub.lock);
	if (w->wd != wd) {
		if (w->wd >= 0)
			unwatch(w);
		w->wd = -1;
		HASH_FIND_INT(hub.files, &wd, f);
		if (!f && wd >= 0 && (f = calloc(1, sizeof(*f)))) {
			f->wd = wd;
			HASH_ADD_INT(hub.files, wd, f);
		}
		if (f) {
			DL_APPEND(f->waiters, w);
			w->wd = wd;
		}
	}
	pthread_mutex_unlock(&hub.lock);
}

uint32_t waiter_touched(struct waiter *w)
{
	uint32_t touched;

	pthread_mutex_lock(&hub.lock);
	touched = w->touched;
	w->touched = 0;
	pthread_mutex_unlock(&hub.lock);
	return touched;
}

void waiter_free(struct waiter *w)
{
	waiter_watch(w, -1);
	if (w->wake >= 0)
		close(w->wake);
	w->wake = -1;
}

/* -- questions ------------------------------------------------------------------------------- */

static int send_message(struct json_object *message)
{
	const char *text = json_object_to_json_string_ext(message, JSON_C_TO_STRING_PLAIN);
	size_t len = strlen(text);

	if (len > KUBELET_MESSAGE_MAX)
		return -1;
	return send(hub.keeper, text, len, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int question_ask(struct question *q, struct waiter *w, struct json_object *message)
{
	*q = (struct question){ .waiter = w, .fds = { -1, -1, -1, -1 } };
	pthread_mutex_lock(&hub.lock);
	q->serial = ++hub.serial;
	HASH_ADD(hh, hub.questions, serial, sizeof(q->serial), q);
	pthread_mutex_unlock(&hub.lock);
	json_set_int(message, "serial", q->serial);
	if (send_message(message) == 0)
		return 0;
	question_end(q);
	return -1;
}

bool question_answered(struct question *q)
{
	bool answered;

	pthread_mutex_lock(&hub.lock);
	answered = q->answer;
	pthread_mutex_unlock(&hub.lock);
	return answered;
}

int question_wait(struct question *q, int client, int ms)
{
	int64_t until = clock_us() + (int64_t)ms * 1000;

	while (!question_answered(q)) {
		int64_t left = (until - clock_us()) / 1000;

		if (left <= 0 || waiter_wait(q->waiter, client, (int)left) < 0)
			return -1;
	}
	return 0;
}

static void forget(int64_t serial)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();

	json_set_int(o, "serial", 0);
	json_set_string(o, "op", "forget");
	json_set_int(o, "of", serial);
	send_message(o);
}

void question_end(struct question *q)
{
	bool open;

	if (!q->waiter)
		return;
	pthread_mutex_lock(&hub.lock);
	HASH_DEL(hub.questions, q);
	open = !q->answer;
	pthread_mutex_unlock(&hub.lock);
	if (open)
		forget(q->serial);
	json_object_put(q->answer);
	close_all(q->fds);
	*q = (struct question){ 0 };
}
