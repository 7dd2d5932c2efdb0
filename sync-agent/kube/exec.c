/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kube/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "sync-agent/clock.h"

#define RUN_US 60000000LL
#define OUTPUT_MAX (1 << 20)
#define EARLY_SECONDS 10 /* before it expires, a new one is asked for */
#define PAUSE_FIRST 1000000
#define PAUSE_LAST 60000000
#define LOOK_US 20000 /* at a child that has closed its output and is still there */

extern char **environ;

bool exec_ready(const struct exec_plugin *p)
{
	return p->has && (!p->credential.expires || p->credential.expires > time(NULL));
}

void exec_refuse(struct exec_plugin *p)
{
	exec_credential_free(&p->credential);
	p->has = false;
}

/* -- start ---------------------------------------------------------------------------------- */

/* The agent's own environment, then the plugin's, which so comes after it; the strings are
 * borrowed, info is the caller's. */
static char **environment(const struct kube_exec *config, char *info)
{
	size_t own = 0, more = 0, n = 0;
	char **all;

	while (environ[own])
		own++;
	while (config->env[more])
		more++;
	all = calloc(own + more + 2, sizeof(*all));
	for (size_t i = 0; all && i < own; i++) {
		size_t length = strcspn(environ[i], "=") + 1;
		bool replaced = !strncmp(environ[i], info, length);

		for (size_t j = 0; j < more; j++)
			replaced |= !strncmp(environ[i], config->env[j], length);
		if (!replaced)
			all[n++] = environ[i];
	}
	for (size_t i = 0; all && i < more; i++)
		all[n++] = config->env[i];
	if (all)
		all[n] = info;
	return all;
}

static int spawn(const struct kube_exec *config, int out, pid_t *pid)
{
	_cleanup_free_ char *info = NULL;
	_cleanup_free_ char **env = NULL;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int rc;

	if (asprintf(&info, "KUBERNETES_EXEC_INFO=%s", config->info) < 0)
		return ENOMEM;
	env = environment(config, info);
	if (!env)
		return ENOMEM;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1); /* standard error is the agent's log */
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	rc = posix_spawnp(pid, config->command, &actions, &attributes, config->args, env);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

static int fail(struct exec_plugin *p, const struct kube_exec *config, const struct error *why)
{
	error_set(&p->problem, why->code ? why->code : EIO,
		  "credential plugin %.100s: %.250s%s%.120s", config->command, why->text,
		  config->hint ? "; " : "", config->hint ? config->hint : "");
	p->pause = p->pause ? p->pause * 2 : PAUSE_FIRST;
	if (p->pause > PAUSE_LAST)
		p->pause = PAUSE_LAST;
	p->not_before = clock_us() + p->pause;
	return -1;
}

static int start(struct exec_plugin *p, const struct kube_exec *config)
{
	struct error err = { 0 };
	int fds[2], rc;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) {
		error_errno(&err, "pipe");
		return fail(p, config, &err);
	}
	fcntl(fds[1], F_SETFL, 0); /* the plugin doesn't expect that */
	rc = spawn(config, fds[1], &p->pid);
	close(fds[1]);
	if (rc) {
		close(fds[0]);
		p->pid = 0;
		error_set(&err, rc, "it can't be started: %s", strerror(rc));
		return fail(p, config, &err);
	}
	p->out_fd = fds[0];
	p->out = BUFFER_INIT(OUTPUT_MAX);
	p->deadline = clock_us() + RUN_US;
	return 0;
}

/* -- end ------------------------------------------------------------------------------------ */

static void close_output(struct exec_plugin *p)
{
	if (p->out_fd >= 0)
		close(p->out_fd);
	p->out_fd = -1;
}

static void end_child(struct exec_plugin *p)
{
	if (p->pid > 0) {
		kill(-p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	p->pid = 0;
	close_output(p);
	buffer_free(&p->out);
}

/* Read what there is. Returns -1 if that is too much. */
static int read_output(struct exec_plugin *p)
{
	char buf[16384];
	ssize_t n;

	while (p->out_fd >= 0 && (n = read(p->out_fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno != EINTR)
			return errno == EAGAIN ? 0 : -1;
		if (n > 0 && buffer_add(&p->out, buf, n) < 0)
			return -1;
	}
	close_output(p);
	return 0;
}

static int take_output(struct exec_plugin *p, const struct kube_exec *config, int status)
{
	struct exec_credential c;
	struct error err = { 0 };
	int rc = 0;

	if (WIFSIGNALED(status))
		rc = error_set(&err, EIO, "it was ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		rc = error_set(&err, EIO, "it ended with exit code %d", WEXITSTATUS(status));
	else
		rc = exec_credential_parse(p->out.data ? p->out.data : "", p->out.used,
					   config->version, &c, &err);
	buffer_free(&p->out);
	if (rc == 0 && c.expires && c.expires <= time(NULL)) {
		exec_credential_free(&c);
		rc = error_set(&err, EIO, "what it printed has expired already");
	}
	if (rc < 0)
		return fail(p, config, &err);
	exec_credential_free(&p->credential);
	p->credential = c;
	p->has = true;
	p->pause = p->not_before = 0;
	p->problem.code = 0;
	return 1;
}

static int look_at_child(struct exec_plugin *p, const struct kube_exec *config, int64_t *when)
{
	struct error err = { 0 };
	int64_t again = p->deadline;
	int status;

	if (read_output(p) < 0) {
		end_child(p);
		error_set(&err, E2BIG, "it printed more than %d bytes", OUTPUT_MAX);
		return fail(p, config, &err);
	}
	if (p->out_fd < 0 && waitpid(p->pid, &status, WNOHANG) == p->pid) {
		p->pid = 0;
		return take_output(p, config, status);
	}
	if (clock_us() >= p->deadline) {
		end_child(p);
		error_set(&err, ETIMEDOUT, "it didn't end within %d s", (int)(RUN_US / 1000000));
		return fail(p, config, &err);
	}
	if (p->out_fd < 0)
		again = clock_us() + LOOK_US;
	*when = again < *when ? again : *when;
	return 0;
}

/* A new one is needed, or will be in a moment. */
static bool is_due(const struct exec_plugin *p)
{
	return !p->has ||
	       (p->credential.expires && p->credential.expires - EARLY_SECONDS <= time(NULL));
}

int exec_step(struct exec_plugin *p, const struct kube_exec *config, int64_t *when)
{
	if (p->pid)
		return look_at_child(p, config, when);
	if (!is_due(p))
		return 0;
	if (clock_us() < p->not_before) {
		*when = p->not_before < *when ? p->not_before : *when;
		return 0;
	}
	/* One that is good for less than that is not asked for again and again. */
	p->not_before = clock_us() + PAUSE_FIRST;
	return start(p, config) < 0 ? -1 : look_at_child(p, config, when);
}

void exec_free_plugin(struct exec_plugin *p)
{
	end_child(p);
	exec_credential_free(&p->credential);
}
