/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/lifetime.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "spank/holder/protocol.h"

int lifetime_open(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	/* The pipe's ends may have got the very number that one of them has to have. */
	if (ends[0] == HOLDER_JOIN_FD) {
		ends[0] = fcntl(ends[0], F_DUPFD_CLOEXEC, HOLDER_JOIN_FD + 1);
		if (ends[0] < 0)
			return -1;
	}
	if (ends[1] != HOLDER_JOIN_FD) {
		if (dup3(ends[1], HOLDER_JOIN_FD, O_CLOEXEC) < 0)
			return -1;
		close(ends[1]);
	}
	return ends[0];
}

/* polled[0] is the pipe, polled[i + 1] the process of tasks[i]: -1 once that task is settled. */
struct watch {
	struct pollfd *polled;
	const pid_t *tasks;
	size_t count;
	size_t unsettled;
	bool *settled;
};

static void settle(struct watch *w, size_t i)
{
	if (w->settled[i])
		return;
	w->settled[i] = true;
	w->unsettled--;
	if (w->polled[i + 1].fd >= 0)
		close(w->polled[i + 1].fd);
	w->polled[i + 1].fd = -1;
}

/* A registration from a process that nobody announced settles one that wasn't known. */
static void settle_pid(struct watch *w, pid_t pid)
{
	size_t unknown = w->count;

	for (size_t i = 0; i < w->count; i++) {
		if (w->tasks[i] == pid) {
			settle(w, i);
			return;
		}
		if (!w->tasks[i] && !w->settled[i])
			unknown = i;
	}
	if (unknown < w->count)
		settle(w, unknown);
}

static void watch_processes(struct watch *w)
{
	for (size_t i = 0; i < w->count; i++) {
		w->polled[i + 1] = (struct pollfd){ .fd = -1, .events = POLLIN };
		if (!w->tasks[i])
			continue;
		w->polled[i + 1].fd = syscall(SYS_pidfd_open, w->tasks[i], 0);
		if (w->polled[i + 1].fd < 0 && errno == ESRCH)
			settle(w, i);
	}
}

static void take_registrations(struct watch *w)
{
	pid_t pids[64];
	ssize_t n = read(w->polled[0].fd, pids, sizeof(pids));

	for (ssize_t i = 0; i < n / (ssize_t)sizeof(pids[0]); i++)
		settle_pid(w, pids[i]);
}

void lifetime_wait(int registrations, const pid_t *tasks, size_t count)
{
	_cleanup_free_ struct pollfd *polled = calloc(count + 1, sizeof(*polled));
	_cleanup_free_ bool *settled = calloc(count + 1, sizeof(*settled));
	struct watch w = { polled, tasks, count, count, settled };

	if (!polled || !settled)
		return;
	polled[0] = (struct pollfd){ .fd = registrations, .events = POLLIN };
	watch_processes(&w);
	while (w.unsettled > 0) {
		if (poll(polled, count + 1, -1) < 0 && errno != EINTR)
			return;
		if (polled[0].revents & POLLIN)
			take_registrations(&w);
		for (size_t i = 0; i < count; i++)
			if (polled[i + 1].revents & (POLLIN | POLLNVAL | POLLERR))
				settle(&w, i);
	}
}
