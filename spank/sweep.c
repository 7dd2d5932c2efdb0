/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"

#define TOOL SLURM_KUBE_BINDIR "/kube-container"

/* In the process that nobody waits for, still root. */
static void become_sweeper(uid_t uid, gid_t gid, char *const argv[], char *const env[])
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		_exit(1);
	syscall(SYS_close_range, 3, ~0U, 0);
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0 || chdir("/") < 0)
		_exit(1);
	execve(TOOL, argv, env);
	_exit(1);
}

/* Forked twice, so it is nobody's child that Slurm would have to know of. */
static void start(uid_t uid, gid_t gid, char *const argv[], char *const env[])
{
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		if (fork() == 0)
			become_sweeper(uid, gid, argv, env);
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void sweep_user(const struct spank_config *c, uid_t uid, uint32_t job)
{
	const char *slurm_conf = getenv("SLURM_CONF");
	char folder[4096], state[4200], job_option[32], conf[4200];
	char *argv[] = {(char *)"kube-container", (char *)"sweep", state, job ? job_option : NULL,
			NULL};
	char *env[] = {(char *)"PATH=/usr/local/bin:/usr/bin:/bin", slurm_conf ? conf : NULL, NULL};
	struct stat st;

	if ((size_t)snprintf(folder, sizeof(folder), "%s/%u", c->state, uid) >= sizeof(folder) ||
	    lstat(folder, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != uid || uid == 0)
		return;
	snprintf(state, sizeof(state), "--state=%s", folder);
	snprintf(job_option, sizeof(job_option), "--job=%u", job);
	snprintf(conf, sizeof(conf), "SLURM_CONF=%.4096s", slurm_conf ? slurm_conf : "");
	start(uid, st.st_gid, argv, env);
}

void sweep_all(const struct spank_config *c)
{
	_cleanup_closedir_ DIR *state = opendir(c->state);
	struct dirent *entry;

	while (state && (entry = readdir(state)))
		if (entry->d_name[strspn(entry->d_name, "0123456789")] == '\0')
			sweep_user(c, strtoul(entry->d_name, NULL, 10), 0);
}
