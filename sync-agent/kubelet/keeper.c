/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keeper's loop: children that have ended, and messages between the agent and kubelet
 * processes. */
#include "sync-agent/kubelet/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utlist.h>

#include "common/json.h"
#include "sync-agent/clock.h"
#include "sync-agent/kubelet/keeper_own.h"
#include "sync-agent/kubelet/protocol.h"
#include "sync-agent/log.h"

static void reap(struct keeper *k)
{
	struct signalfd_siginfo info;
	struct process *p, *tmp;
	struct child *c;
	int status;
	pid_t pid;

	if (read(k->signals, &info, sizeof(info)) < 0)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		HASH_FIND(hh, k->children, &pid, sizeof(pid), c);
		if (c)
			child_ended(k, c, status);
		DL_FOREACH_SAFE (k->processes, p, tmp)
			if (p->pid == pid)
				process_ended(k, p, status);
	}
}

/* -- messages --------------------------------------------------------------------------------- */

static void take_answer(struct keeper *k)
{
	char buf[KUBELET_MESSAGE_MAX];
	_cleanup_json_ struct json_object *answer = NULL;
	ssize_t n = recv(k->fd, buf, sizeof(buf), 0);
	struct process *p;

	if (n == 0 || (n < 0 && errno != EINTR)) {
		DL_FOREACH (k->processes, p)
			kill(p->pid, SIGKILL);
		_exit(0);
	}
	if (n < 0 || !(answer = json_parse(buf, n, NULL)))
		return;
	if (json_get(answer, "minimumUid"))
		k->minimum_uid = (uint32_t)json_get_int(answer, "minimumUid", UINT32_MAX);
	else if (json_get(answer, "measure"))
		child_start(k, answer, CHILD_MEASURES);
	else if (json_get_string(answer, "path"))
		child_start(k, answer, CHILD_OPENS);
	else if (json_get(answer, "argv"))
		child_start(k, answer, CHILD_RUNS);
	else
		process_tell(process_of(k, json_get_int(answer, "serial", 0)), buf, n);
}

/* What the keeper's own children say is not a kubelet process' to say. */
static bool is_question(const char *text, size_t n)
{
	_cleanup_json_ struct json_object *o = json_parse(text, n, NULL);
	const char *op = json_get_string(o, "op");

	return op && strcmp(op, KUBELET_MEASURED) != 0;
}

static void pass_question(struct keeper *k, struct process *p)
{
	char buf[KUBELET_MESSAGE_MAX];
	ssize_t n = recv(p->fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n > 0 && is_question(buf, (size_t)n) && send(k->fd, buf, n, MSG_NOSIGNAL) < 0)
		log_debug("kubelet: %s", strerror(errno)); /* the agent has gone: recv() tells */
}

static int until_next(const struct keeper *k)
{
	int64_t next = k->look_at, left;

	if (!k->serving && k->start_at < next)
		next = k->start_at;
	left = next - clock_us();
	return left <= 0 ? 0 : (int)(left / 1000 + 1);
}

static void step(struct keeper *k)
{
	struct pollfd fds[2 + PROCESSES_MAX + 1] = {
		{ .fd = k->signals, .events = POLLIN },
		{ .fd = k->fd, .events = POLLIN },
	};
	struct process *p, *of[ARRAY_SIZE(fds)];
	nfds_t n = 2;

	DL_FOREACH (k->processes, p) {
		if (n == ARRAY_SIZE(fds))
			break;
		of[n] = p;
		fds[n++] = (struct pollfd){ .fd = p->fd, .events = POLLIN };
	}
	if (poll(fds, n, until_next(k)) < 0 && errno != EINTR)
		_exit(1);
	for (nfds_t i = 2; i < n; i++)
		if (fds[i].revents & POLLIN)
			pass_question(k, of[i]);
	if (fds[1].revents)
		take_answer(k);
	if (fds[0].revents)
		reap(k);
	if (clock_us() >= k->look_at)
		process_look_at_papers(k);
	if (!k->serving && clock_us() >= k->start_at)
		process_start(k);
}

void keeper_run(int fd, int listener, const struct config *config)
{
	struct keeper k = {
		.fd = fd, .listener = listener, .config = config, .minimum_uid = config->minimum_uid
	};
	struct error err;
	sigset_t mask;

	keep_only((const int[]){ fd, listener }, 2);
	sigfillset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	k.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (k.signals < 0)
		_exit(1);
	if (papers_refresh(&k.papers, config, &err) < 0)
		log_error("%s", err.text);
	k.look_at = clock_us() + PAPERS_US;
	while (true)
		step(&k);
}
