/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/results/collector.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void collector_exec(int body, int to, unsigned seconds)
{
	static char *const argv[] = { "slurm-kube-collect", NULL };
	static char *const env[] = { "PATH=/usr/bin:/bin", "LC_ALL=C", NULL };
	/* Above what it is to have, so that no dup2() hits the other one. */
	int in = fcntl(body, F_DUPFD_CLOEXEC, 64), out = fcntl(to, F_DUPFD_CLOEXEC, 64);

	alarm(seconds + COLLECTOR_GRACE);
	if (in < 0 || out < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, COLLECTOR_FD) < 0 ||
	    close_range(COLLECTOR_FD + 1, ~0U, 0) < 0 || chdir("/") < 0)
		_exit(1);
	execve(COLLECTOR_PROGRAM, argv, env);
	dprintf(COLLECTOR_FD,
		"{\"error\":\"%s: %s: is slurm-kube installed whole on the agent's host?\"}\n",
		COLLECTOR_PROGRAM, strerror(errno));
	_exit(1);
}
