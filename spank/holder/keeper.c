/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "spank/holder/protocol.h"

void keeper_add(struct keeper *k, const char *what, int (*run)(void *argument, struct error *err),
		void *argument, bool always)
{
	if (k->count < KEEPER_ACTIONS_MAX)
		k->actions[k->count++] = (struct keeper_action){what, run, argument, always};
}

void keeper_at_go(struct keeper *k, const char *what, int (*run)(void *argument, struct error *err),
		  void *argument)
{
	k->at_go = (struct keeper_action){.what = what, .run = run, .argument = argument};
}

static void run_actions(const struct keeper *k, bool was_ready)
{
	for (size_t i = k->count; i-- > 0;) {
		const struct keeper_action *a = &k->actions[i];
		struct error err = {0};

		if ((was_ready || a->always) && a->run(a->argument, &err) < 0)
			dprintf(2, "slurm-kube: %s: %s\n", a->what, err.text);
	}
}

static void run_at_go(const struct keeper *k)
{
	struct error err = {0};

	if (k->at_go.run && k->at_go.run(k->at_go.argument, &err) < 0)
		dprintf(2, "slurm-kube: %s: %s\n", k->at_go.what, err.text);
}

/* A task that is gone by now has no descriptor. */
static void wait_for_tasks(int *tasks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct pollfd p = {.fd = tasks[i], .events = POLLIN};

		while (tasks[i] >= 0 && poll(&p, 1, -1) < 0 && errno == EINTR)
			;
	}
}

static bool wait_for_go(int fd)
{
	char byte;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

static void keep(const struct keeper *k, int go, int *tasks, size_t count)
{
	bool was_ready;

	setsid();
	close(HOLDER_REPORT_FD);
	close(HOLDER_JOIN_FD);
	if (chdir("/") < 0)
		_exit(1);
	was_ready = wait_for_go(go);
	if (was_ready) {
		run_at_go(k);
		wait_for_tasks(tasks, count);
	}
	run_actions(k, was_ready);
	_exit(0);
}

int keeper_start(struct keeper *k, const pid_t *tasks, size_t count, struct error *err)
{
	_cleanup_free_ int *fds = NULL;
	_cleanup_close_ int reading = -1;
	int ends[2];

	if (!k->count)
		return 0;
	fds = calloc(count + 1, sizeof(*fds));
	if (!fds || pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, "starting the keeper");
	reading = ends[0];
	k->go = ends[1];
	for (size_t i = 0; i < count; i++)
		fds[i] = tasks[i] > 0 ? syscall(SYS_pidfd_open, tasks[i], 0) : -1;
	/* Like fork(), with a mount namespace of its own, as things are now: so it sees the host's
	 * files and the root that is being built, but none of what will be mounted in it. */
	k->pid = syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL, NULL);
	if (k->pid == 0) {
		close(k->go);
		keep(k, reading, fds, count);
	}
	for (size_t i = 0; i < count; i++)
		closep(&fds[i]);
	if (k->pid > 0)
		return 0;
	k->pid = 0;
	return error_errno(err, "starting the keeper");
}

void keeper_go(struct keeper *k)
{
	if (k->pid > 0 && write(k->go, "g", 1) != 1)
		dprintf(2, "slurm-kube: the keeper is gone\n");
	closep(&k->go);
	k->go = -1;
}

void keeper_abandon(struct keeper *k)
{
	closep(&k->go);
	k->go = -1;
	if (!k->pid)
		run_actions(k, false);
	while (k->pid && waitpid(k->pid, NULL, 0) < 0 && errno == EINTR)
		;
	k->pid = 0;
}
