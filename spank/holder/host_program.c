/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/host_program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"

static const char *const folders[] = {"/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin"};

/* In the child. The holder blocks all signals; a program wants them. Numbered descriptors that are
 * named in argv
 * (/proc/self/fd/N) have to stay open: they are closed on exec unless the caller wants otherwise.
 */
static void become(const char *const argv[])
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char path[256];
	sigset_t none;
	int problem = ENOENT;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (null >= 0) {
		dup2(null, 0);
		dup2(2, 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], argv[0]);
		execv(path, (char *const *)argv);
		if (errno != ENOENT)
			problem = errno;
	}
	_exit(problem == ENOENT ? 127 : 126);
}

int host_program_run(const char *const argv[], struct error *err)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		become(argv);
	if (pid < 0)
		return error_errno(err, "starting %s", argv[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, "waiting for %s", argv[0]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_set(err, ENOENT, "%s is not installed on this node", argv[0]);
	if (WIFSIGNALED(status))
		return error_set(err, ECANCELED, "%s was ended by signal %d", argv[0],
				 WTERMSIG(status));
	if (status)
		return error_set(err, EIO, "%s failed with exit code %d", argv[0],
				 WEXITSTATUS(status));
	return 0;
}
