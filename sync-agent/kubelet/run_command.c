/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kubelet/run_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/kubelet/pass_fds.h"
#include "sync-agent/owner/become.h"

#define USER_PATH "/usr/local/bin:/usr/bin:/bin"
#define OWN_ARGUMENTS 18
#define ASK_SECONDS 50
#define TERM_MS 60000 /* that long srun may take to end its step */

/* Its ends of what the command has: status first, then stdin, stdout, stderr, or the terminal. */
struct command {
	int theirs[PASS_FDS_MAX], n; /* for the kubelet process */
	int status;		     /* where the exit code is written to */
	int in, out, err;	     /* the command's own */
	pid_t pid;
};

static int give(struct command *c, int theirs)
{
	c->theirs[c->n++] = theirs;
	return theirs;
}

static int make_pipe(int *reader, int *writer)
{
	int both[2];

	if (pipe2(both, O_CLOEXEC) < 0)
		return -1;
	*reader = both[0];
	*writer = both[1];
	return 0;
}

static int open_terminal(struct command *c)
{
	int master;

	if (openpty(&master, &c->in, NULL, NULL, NULL) < 0)
		return -1;
	fcntl(master, F_SETFD, FD_CLOEXEC);
	fcntl(c->in, F_SETFD, FD_CLOEXEC);
	c->out = c->err = c->in;
	give(c, master);
	return 0;
}

static int open_pipes(struct command *c, bool wants_stdin)
{
	int in = -1, out, err;

	if (wants_stdin ? make_pipe(&c->in, &in)
			: (c->in = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0)
		return -1;
	/* Without it, something to keep the order of the descriptors. */
	if (in < 0 && (in = open("/dev/null", O_WRONLY | O_CLOEXEC)) < 0)
		return -1;
	if (make_pipe(&out, &c->out) < 0 || make_pipe(&err, &c->err) < 0)
		return -1;
	give(c, in);
	give(c, out);
	give(c, err);
	return 0;
}

/* -- srun ------------------------------------------------------------------------------------- */

static char **own_environment(const struct passwd *owner)
{
	const char *conf = getenv("SLURM_CONF");
	char **env = calloc(8, sizeof(*env));
	int n = 0;
	bool ok = env && asprintf(&env[n++], "HOME=%s", owner->pw_dir) > 0 &&
		  asprintf(&env[n++], "USER=%s", owner->pw_name) > 0 &&
		  asprintf(&env[n++], "LOGNAME=%s", owner->pw_name) > 0 &&
		  asprintf(&env[n++], "SHELL=%s", owner->pw_shell) > 0 &&
		  asprintf(&env[n++], "TERM=xterm") > 0 &&
		  asprintf(&env[n++], "PATH=%s", getenv("PATH") ?: USER_PATH) > 0;

	if (ok && conf)
		ok = asprintf(&env[n++], "SLURM_CONF=%s", conf) > 0;
	return ok ? env : NULL;
}

/* The id that an array's task has of its own, which srun wants; the agent doesn't keep it. As the
 * owner, by squeue. Returns 0, or -1 with err filled. */
static int find_task(struct json_object *answer, const struct passwd *owner, struct error *err)
{
	long long task = json_get_int(answer, "task", -1);
	char **env = own_environment(owner), which[64], text[32] = "";
	int reader, writer, n = 0;
	pid_t pid;

	if (task < 0)
		return 0;
	snprintf(which, sizeof(which), "--jobs=%lld_%lld",
		 (long long)json_get_int(answer, "job", 0), task);
	if (make_pipe(&reader, &writer) < 0)
		return error_errno(err, "pipe");
	pid = fork();
	if (pid == 0) {
		char *argv[] = { "squeue", "--noheader", "--states=RUNNING", "--format=%A", which,
				 NULL };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (env && dup2(writer, 1) >= 0)
			execvpe("squeue", argv, env);
		_exit(127);
	}
	close(writer);
	/* A slurmctld that doesn't answer ends this process: the keeper tells. */
	alarm(ASK_SECONDS);
	while (n < (int)sizeof(text) - 1 && read(reader, text + n, 1) == 1)
		n++;
	waitpid(pid, NULL, 0);
	alarm(0);
	close(reader);
	if (atoll(text) <= 0)
		return error_set(err, ENOENT, "Slurm knows no such running task (squeue %s)", which);
	json_set_int(answer, "job", atoll(text));
	return 0;
}

static char **arguments(struct json_object *answer)
{
	struct json_object *words = json_get(answer, "argv");
	const char *image = json_get_string(answer, "image"),
		   *folder = json_get_string(answer, "folder"),
		   *step = json_get_string(answer, "step");
	size_t n = 0, count = json_length(words);
	char **argv = calloc(count + OWN_ARGUMENTS, sizeof(*argv));
	bool ok;

	if (!argv)
		return NULL;
	argv[n++] = "srun";
	ok = asprintf(&argv[n++], "--jobid=%lld", (long long)json_get_int(answer, "job", 0)) > 0;
	argv[n++] = "--overlap";
	argv[n++] = "--quiet";
	argv[n++] = "--nodes=1";
	argv[n++] = "--ntasks=1";
	argv[n++] = "--unbuffered";
	argv[n++] = "--propagate=NONE"; /* the agent's limits are not the user's */
	if (json_get_bool(answer, "tty", false))
		argv[n++] = "--pty";
	if (image)
		ok = ok && asprintf(&argv[n++], "--container=%s", image) > 0;
	if (folder)
		ok = ok && asprintf(&argv[n++], "--chdir=%s", folder) > 0;
	/* In the container of a pod that is a job, beside its process. */
	if (step) {
		argv[n++] = "--gres=none";
		argv[n++] = SLURM_KUBE_BINDIR "/kube-container";
		argv[n++] = "enter";
		argv[n++] = "--";
		ok = ok && asprintf(&argv[n++], "%lld.%s",
				    (long long)json_get_int(answer, "job", 0), step) > 0;
	}
	for (size_t i = 0; i < count; i++)
		argv[n++] = (char *)json_object_get_string(json_object_array_get_idx(words, i));
	return ok ? argv : NULL;
}

static void __attribute__((noreturn))
exec_srun(struct json_object *answer, const struct passwd *owner, const struct command *c,
	  pid_t parent)
{
	char **argv = arguments(answer), **env = own_environment(owner);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* By which it ends its step. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setsid();
	if (!argv || !env || getppid() != parent || dup2(c->in, 0) < 0 || dup2(c->out, 1) < 0 ||
	    dup2(c->err, 2) < 0)
		_exit(126);
	if (json_get_bool(answer, "tty", false))
		ioctl(0, TIOCSCTTY, 0);
	umask(022);
	if (chdir("/") == 0)
		execvpe("srun", argv, env);
	dprintf(2, "srun: %s: the agent needs Slurm's client commands on its host\n",
		strerror(errno));
	_exit(127);
}

/* -- its end ---------------------------------------------------------------------------------- */

static int exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Until srun has ended, or nobody wants it any more. */
static void wait_for_end(const struct command *c, int signals)
{
	struct pollfd fds[] = { { .fd = signals, .events = POLLIN }, { .fd = c->status } };
	int status, code, ms = -1;

	while (waitpid(c->pid, &status, WNOHANG) != c->pid) {
		struct signalfd_siginfo info;
		int n = poll(fds, ARRAY_SIZE(fds), ms);

		if (n == 0)
			kill(c->pid, SIGKILL);
		if (fds[0].revents && read(signals, &info, sizeof(info)) < 0)
			return;
		if (fds[1].revents & POLLERR) {
			kill(c->pid, SIGTERM);
			fds[1].fd = -1;
			ms = TERM_MS;
		}
	}
	code = exit_code(status);
	if (write(c->status, &code, sizeof(code)) < 0)
		_exit(0); /* nobody wants to know */
}

static int start(struct json_object *answer, struct command *c, struct error *err)
{
	struct passwd *pw = getpwuid((uid_t)json_get_int(answer, "uid", -1));
	pid_t parent = getpid();
	int status;

	if (!pw)
		return error_set(err, ENOENT, "the job's owner is no user on the agent's host");
	if (become(pw, err) < 0 || find_task(answer, pw, err) < 0)
		return -1;
	if (make_pipe(&status, &c->status) < 0)
		return error_errno(err, "pipe");
	give(c, status);
	if (json_get_bool(answer, "tty", false)
		    ? open_terminal(c) < 0
		    : open_pipes(c, json_get_bool(answer, "stdin", false)) < 0)
		return error_errno(err, "pipe");
	c->pid = fork();
	if (c->pid == 0)
		exec_srun(answer, pw, c, parent);
	return c->pid < 0 ? error_errno(err, "fork") : 0;
}

void run_command_child(struct json_object *answer, int fd)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct command c = { 0 };
	struct error err;
	sigset_t mask;
	int signals;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signal(SIGPIPE, SIG_IGN);
	signals = signalfd(-1, &mask, SFD_CLOEXEC);
	json_set_int(o, "serial", json_get_int(answer, "serial", 0));
	if (start(answer, &c, &err) < 0) {
		json_set_int(o, "status", 500);
		json_set_string(o, "error", err.text);
		pass_fds(fd, o, NULL, 0);
		_exit(0);
	}
	json_set_int(o, "status", 200);
	/* Nothing goes on without the keeper. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (pass_fds(fd, o, c.theirs, c.n) < 0)
		_exit(0);
	for (int i = 0; i < c.n; i++)
		close(c.theirs[i]);
	close(c.in);
	if (c.out != c.in) {
		close(c.out);
		close(c.err);
	}
	wait_for_end(&c, signals);
	_exit(0);
}
