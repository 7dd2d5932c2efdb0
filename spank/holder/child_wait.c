/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/child_wait.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"

int child_wait(pid_t pid, int seconds, int *ret_status, struct error *err)
{
	_cleanup_close_ int fd = syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n = 0;

	if (fd >= 0)
		do
			n = poll(&p, 1, seconds * 1000);
		while (n < 0 && errno == EINTR);
	if (n <= 0) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
	}
	while (waitpid(pid, ret_status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, "waiting for it");
	if (n <= 0)
		return error_set(err, ETIMEDOUT, "it took longer than %d s", seconds);
	return 0;
}
