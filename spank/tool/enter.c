/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kube-container enter: a command in a container that runs on this node. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/cleanup.h"
#include "spank/tool/processes.h"
#include "spank/tool/tool.h"

#define ENVIRONMENT_MAX (4 * 1024 * 1024)
#define HOLDER "slurm-kube-hold" /* as the kernel shortens it: it has no task's environment */

extern char **environ;

static pid_t find_process(const char *step, struct error *err)
{
	_cleanup_(container_processes_free) struct container_processes p = {0};

	if (container_processes_find(&p, err) < 0)
		return -1;
	for (size_t i = 0; i < p.count; i++)
		if (!strcmp(p.items[i].step, step) && strcmp(p.items[i].command, HOLDER))
			return p.items[i].pid;
	return error_set(err, ESRCH,
			 "step %.40s has no process in a container on this node; "
			 "kube-container steps lists those that have",
			 step);
}

static int open_of(pid_t pid, const char *what, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	return open(path, flags | O_CLOEXEC);
}

/* That of the container's first process; the memory is not freed. TERM is the caller's. */
static int take_environment(pid_t pid, struct error *err)
{
	const char *term = getenv("TERM");
	char path[64], *text = NULL, **list;
	size_t len, n = 0;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	if (buffer_read_file(path, ENVIRONMENT_MAX, &text, &len, err) < 0)
		return -1;
	list = calloc(len + 2, sizeof(*list));
	if (!list)
		return error_set(err, ENOMEM, "out of memory");
	for (char *p = text; p < text + len; p += strlen(p) + 1)
		list[n++] = p;
	environ = list;
	return term && setenv("TERM", term, 1) < 0 ? error_errno(err, "TERM") : 0;
}

static int enter(pid_t pid, struct error *err)
{
	_cleanup_close_ int user = open_of(pid, "ns/user", O_RDONLY);
	_cleanup_close_ int mount = open_of(pid, "ns/mnt", O_RDONLY);
	_cleanup_close_ int folder = open_of(pid, "cwd", O_PATH | O_DIRECTORY);

	if (user < 0 || mount < 0 || folder < 0 || setns(user, CLONE_NEWUSER) < 0 ||
	    setns(mount, CLONE_NEWNS) < 0)
		return error_errno(err, "the container of process %d", (int)pid);
	if (fchdir(folder) < 0 && chdir("/") < 0)
		return error_errno(err, "its working folder");
	return 0;
}

static int run_enter(struct tool *t, int argc, char *argv[], struct error *err)
{
	pid_t pid = find_process(argv[0], err);

	if (pid < 0 || take_environment(pid, err) < 0 || enter(pid, err) < 0)
		return -1;
	execvp(argv[1], argv + 1);
	fprintf(stderr, "kube-container: %s: %s\n", argv[1], strerror(errno));
	exit(errno == ENOENT ? 127 : 126);
}

const struct command command_enter = {
	.name = "enter",
	.arguments = " -- JOB.STEP COMMAND...",
	.summary = "run a command in a container that runs on this node",
	.help = "What it sees, its variables and its working folder are those of the first process "
		"of the step\n"
		"(as kube-container steps lists them). It is in no other way part of the step: from "
		"elsewhere, and\n"
		"within the job's limits: srun --jobid=JOB --overlap kube-container enter -- "
		"JOB.STEP COMMAND...\n",
	.min = 2,
	.max = -1,
	.run = run_enter,
};
