/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/start.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/container_options.h"
#include "common/process.h"

static void free_argv(char **argv)
{
	for (char **p = argv; p && *p; p++)
		free(*p);
	free(argv);
}

static void free_argvp(char ***argv)
{
	free_argv(*argv);
}

/* The command line: an array that ends in NULL. NULL if memory is short. */
static char **make_argv(const struct rendezvous *r, const struct start_request *q)
{
	const struct {
		const char *name, *value;
	} arguments[] = {
		{"--image=", q->image},
		{"--state=", q->state},
		{"--step=", q->step},
		{"--spool=", q->spool},
		{"--cdi=", q->cdi},
		{"--gpu=", q->gpu},
		{"--policy=", q->policy},
		{"--images=", q->images},
		{"--cache-limit=", q->cache_limit},
		{"--runtime=", q->runtime},
		{"--runtime-join=", q->runtime_join},
		{"--slurm=", q->slurm},
	};
	char **argv = calloc(ARRAY_SIZE(arguments) + r->count + 2, sizeof(*argv));
	size_t n = 0;

	if (!argv || !(argv[n++] = strdup("slurm-kube-holder")))
		goto fail;
	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++)
		if (arguments[i].value &&
		    asprintf(&argv[n++], "%s%s", arguments[i].name, arguments[i].value) < 0)
			goto fail;
	for (size_t i = 0; i < r->count; i++)
		if (asprintf(&argv[n++], "%u", (unsigned)r->tasks[i]) < 0)
			goto fail;
	return argv;
fail:
	if (n)
		argv[n - 1] = NULL;
	free_argv(argv);
	return NULL;
}

/* The job's environment with the step's options in it, which may hold what isn't for everybody's
 * eyes, as a command line is. The strings are q->env's but for the first, which is freed with the
 * array. NULL if memory is short. */
static char **make_env(const struct start_request *q)
{
	static const char name[] = CONTAINER_OPTIONS_VARIABLE "=";
	size_t count = 0, n = 0;
	char **env;

	while (q->env && q->env[count])
		count++;
	env = calloc(count + 2, sizeof(*env));
	if (!env || asprintf(&env[n++], "%s%s", name, q->options ? q->options : "") < 0) {
		free(env);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		if (strncmp(q->env[i], name, sizeof(name) - 1))
			env[n++] = q->env[i];
	return env;
}

static void free_envp(char ***env)
{
	if (*env)
		free((*env)[0]);
	free(*env);
}

/* In the child, which shares the parent's memory until it is another program: nothing that
 * allocates, locks or logs. Returns only if the program can't be started. */
static int become_holder(const char *path, char **argv, char **env, int null, int report)
{
	/* Out of the task's session and group: no terminal's or scancel's signal is meant for it.
	 */
	setsid();
	if (dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(report, HOLDER_REPORT_FD) < 0)
		return errno;
	if (report == HOLDER_REPORT_FD)
		fcntl(report, F_SETFD, 0);
	syscall(SYS_close_range, HOLDER_REPORT_FD + 1, ~0U, 0);
	execve(path, argv, env);
	return errno;
}

/* Returns the holder's process id, or -1 with err filled. */
static pid_t spawn(const struct start_request *q, char **argv, char **env, int report,
		   struct error *err)
{
	_cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	volatile int problem = 0;
	sigset_t all, old;
	pid_t pid;

	if (null < 0)
		return error_errno(err, "/dev/null");
	/* The holder keeps the mask: only SIGKILL and SIGSTOP reach it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = vfork();
	if (pid == 0) {
		problem = become_holder(q->holder, argv, env, null, report);
		_exit(127);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return error_errno(err, "starting %s", q->holder);
	if (problem) {
		start_reap(pid);
		return error_set(err, problem,
				 "starting %s: %s (is slurm-kube installed on this node?)",
				 q->holder, strerror(problem));
	}
	return pid;
}

/* Read the whole report. Returns 0, or -1 with err filled. */
static int read_report(struct rendezvous *r, int fd, struct error *err)
{
	r->report_len = 0;
	for (;;) {
		ssize_t n = read(fd, r->report + r->report_len, sizeof(r->report) - r->report_len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "reading the holder's report");
		if (n == 0)
			break;
		r->report_len += n;
	}
	if (r->report_len == 0 || r->report[r->report_len - 1] != '\0')
		return error_set(err, EPIPE, "slurm-kube-holder ended without a report");
	if (!strcmp(r->report, HOLDER_ERROR))
		return error_set(err, ECANCELED, "%s", r->report + sizeof(HOLDER_ERROR));
	if (strcmp(r->report, HOLDER_READY))
		return error_set(err, EPROTO, "slurm-kube-holder is of another version");
	return 0;
}

static int identify(pid_t holder, const char *name, struct namespace_id *ret, struct error *err)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)holder, name);
	if (stat(path, &st) < 0)
		return error_errno(err, "%s", path);
	*ret = (struct namespace_id){st.st_dev, st.st_ino};
	return 0;
}

static int note_report(struct rendezvous *r, struct error *err)
{
	r->inside = atoi(rendezvous_report(r, "pid"));
	if (r->inside <= 0)
		r->inside = r->holder;
	r->keeper = atoi(rendezvous_report(r, "keeper"));
	if (r->keeper > 0)
		r->keeper_born = process_born(r->keeper);
	if (identify(r->inside, "user", &r->user_ns, err) < 0)
		return -1;
	return identify(r->inside, "mnt", &r->mount_ns, err);
}

static uint32_t microseconds_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - then->tv_sec) * 1000000 + (now.tv_nsec - then->tv_nsec) / 1000;
}

static int start(struct rendezvous *r, const struct start_request *q, struct error *err)
{
	_cleanup_(free_argvp) char **argv = make_argv(r, q);
	_cleanup_(free_envp) char **env = make_env(q);
	_cleanup_close_ int reading = -1;
	int ends[2];

	if (!argv || !env)
		return error_set(err, ENOMEM, "out of memory");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, "pipe");
	reading = ends[0];
	r->holder = spawn(q, argv, env, ends[1], err);
	close(ends[1]);
	if (r->holder < 0)
		return -1;
	if (read_report(r, reading, err) < 0 || note_report(r, err) < 0) {
		kill(r->holder, SIGKILL);
		start_reap(r->holder);
		return -1;
	}
	return 0;
}

void start_holder(struct rendezvous *r, const struct start_request *request)
{
	struct timespec began;

	clock_gettime(CLOCK_MONOTONIC, &began);
	if (start(r, request, &r->error) < 0) {
		error_wrap(&r->error, "container %.200s", request->image);
		r->state = RENDEZVOUS_FAILED;
		return;
	}
	r->startup_us = microseconds_since(&began);
	r->state = RENDEZVOUS_READY;
}

void start_reap(pid_t holder)
{
	while (waitpid(holder, NULL, 0) < 0 && errno == EINTR)
		;
}
