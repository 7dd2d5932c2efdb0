/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/image/start_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/buffer.h"

#define PROGRAM SLURM_KUBE_BINDIR "/kube-container"
#define ARGUMENTS_MAX 8

struct arguments {
	char *v[ARGUMENTS_MAX + 1];
	size_t n;
};

static void free_arguments(struct arguments *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i]);
}

static int add(struct arguments *a, const char *name, const char *value)
{
	if (!value)
		return 0;
	if (asprintf(&a->v[a->n], "%s%s", name, value) < 0) {
		a->v[a->n] = NULL;
		return -1;
	}
	a->n++;
	return 0;
}

static int make_arguments(struct arguments *a, const struct image_request *q, const char *job)
{
	const struct {
		const char *name, *value;
	} words[] = {
		{"kube-container", ""},
		{"stage", ""},
		{"--error-fd", ""},
		{"--state=", q->state},
		{"--job=", job},
		{"--images=", q->site},
		{"--cache-limit=", q->cache_limit},
		{"", q->image},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (add(a, words[i].name, words[i].value) < 0)
			return -1;
	return 0;
}

/* In the child. The holder's mask would keep scancel's signals from it; it ends when we do. */
static _Noreturn void become_stage(char **argv, int error_fd)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (error_fd != STAGE_ERROR_FD && dup2(error_fd, STAGE_ERROR_FD) < 0)
		_exit(126);
	fcntl(STAGE_ERROR_FD, F_SETFD, 0);
	syscall(SYS_close_range, STAGE_ERROR_FD + 1, ~0U, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(PROGRAM, argv);
	_exit(127);
}

static int check_end(pid_t pid, const char *text, struct error *err)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, "kube-container");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_set(err, ENOENT,
				 PROGRAM
				 " can't be started (is slurm-kube installed on this node?)");
	if (WIFSIGNALED(status))
		return error_set(err, ECANCELED, "staging it was ended by signal %d (%s)%s",
				 WTERMSIG(status), strsignal(WTERMSIG(status)),
				 WTERMSIG(status) == SIGKILL ? "; perhaps the memory was too small"
							     : "");
	return error_set(err, ECANCELED, "%s", text && text[0] ? text : "staging it failed");
}

int start_stage(const struct image_request *q, const char *job, struct error *err)
{
	_cleanup_(free_arguments) struct arguments a = {0};
	_cleanup_close_ int reading = -1;
	_cleanup_free_ char *text = NULL;
	int ends[2];
	pid_t pid;

	if (make_arguments(&a, q, job) < 0)
		return error_set(err, ENOMEM, "out of memory");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, "pipe");
	reading = ends[0];
	pid = fork();
	if (pid == 0)
		become_stage(a.v, ends[1]);
	close(ends[1]);
	if (pid < 0)
		return error_errno(err, "fork");
	if (buffer_read_fd(reading, "kube-container", sizeof(err->text), &text, NULL, NULL) < 0)
		text = NULL;
	return check_end(pid, text, err);
}
