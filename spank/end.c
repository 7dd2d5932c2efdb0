/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/end.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/process.h"

#define SOON_MS 200 /* most keepers have next to nothing to do */

/* A descriptor of the keeper, or -1 if it is gone. */
static int open_keeper(const struct rendezvous *r)
{
	_cleanup_close_ int fd = syscall(SYS_pidfd_open, r->keeper, 0);

	if (fd < 0 || process_born(r->keeper) != r->keeper_born)
		return -1;
	return TAKE_FD(fd);
}

static int wait_for(int pidfd, int milliseconds)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int rc;

	do
		rc = poll(&p, 1, milliseconds);
	while (rc < 0 && errno == EINTR);
	return rc;
}

/* Slurm kills a step by signals to its processes. With proctrack/linuxproc those are slurmstepd's
 * children, which the keeper isn't: so a child waits for it, and if that one is killed, so is the
 * keeper. */
static void wait_in_child(int pidfd)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		sigset_t none;

		for (int i = 1; i < NSIG; i++)
			signal(i, SIG_DFL);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		wait_for(pidfd, -1);
		_exit(0);
	}
	if (pid > 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	if (pid < 0 || WIFSIGNALED(status))
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
}

void end_keeper(const struct rendezvous *r)
{
	_cleanup_close_ int pidfd = -1;

	if (r->state != RENDEZVOUS_READY || r->keeper <= 0 || !r->keeper_born)
		return;
	pidfd = open_keeper(r);
	if (pidfd >= 0 && wait_for(pidfd, SOON_MS) == 0)
		wait_in_child(pidfd);
}
