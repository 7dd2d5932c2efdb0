/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sbatch itself is run, so that #SBATCH lines, SPANK options and cli_filter plugins apply. Script and
 * environment reach it through memory: nothing of them is in a file or on a command line. sbatch's own
 * environment holds nothing of the user's, who must not be able to have a library loaded into it on
 * this host. */
#include "sync-agent/owner/sbatch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/buffer.h"
#include "common/json.h"
#include "common/stamp.h"

#define SBATCH "sbatch"
#define USER_PATH "/usr/local/bin:/usr/bin:/bin"
#define OUTPUT_MAX (1 << 20) /* bytes that sbatch may print */

/* The descriptors of a call. */
struct streams {
	int script, environment, out, err;
};

static void streams_close(struct streams *s)
{
	closep(&s->script);
	closep(&s->environment);
	closep(&s->out);
	closep(&s->err);
}

static int write_all(int fd, const char *data, size_t n)
{
	while (n) {
		ssize_t done = write(fd, data, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return -1;
		data += done;
		n -= done;
	}
	return 0;
}

static int add_variable(int fd, const char *name, const char *value)
{
	_cleanup_free_ char *text = NULL;
	int n = asprintf(&text, "%s=%s", name, value);

	if (n < 0) {
		text = NULL;
		return -1;
	}
	return write_all(fd, text, n + 1);
}

/* As sbatch --export-file reads it: NAME=VALUE, each with a NUL at its end; the last one counts. */
static int write_environment(int fd, struct json_object *request, const struct passwd *owner)
{
	struct json_object *list = json_get(request, "environment");
	char generation[24];

	snprintf(generation, sizeof(generation), "%lld",
		 (long long)json_get_int(request, "generation", 0));
	if (add_variable(fd, "HOME", owner->pw_dir) < 0 ||
	    add_variable(fd, "USER", owner->pw_name) < 0 ||
	    add_variable(fd, "LOGNAME", owner->pw_name) < 0 ||
	    add_variable(fd, "SHELL", owner->pw_shell) < 0 ||
	    add_variable(fd, "PATH", USER_PATH) < 0)
		return -1;
	for (size_t i = 0; i < json_length(list); i++) {
		const char *text = json_object_get_string(json_object_array_get_idx(list, i));

		if (write_all(fd, text, strlen(text) + 1) < 0)
			return -1;
	}
	if (add_variable(fd, STAMP_GENERATION_VARIABLE, generation) < 0)
		return -1;
	return add_variable(fd, STAMP_VARIABLE, json_get_string(request, "uid") ?: "");
}

static int open_streams(struct streams *s, struct json_object *request, const struct passwd *owner)
{
	const char *script = json_get_string(request, "script");

	s->script = memfd_create("script", MFD_CLOEXEC);
	s->environment = memfd_create("environment", MFD_CLOEXEC);
	s->out = memfd_create("out", MFD_CLOEXEC);
	s->err = memfd_create("err", MFD_CLOEXEC);
	if (s->script < 0 || s->environment < 0 || s->out < 0 || s->err < 0 || !script)
		return -1;
	if (write_all(s->script, script, strlen(script)) < 0 || lseek(s->script, 0, SEEK_SET) < 0)
		return -1;
	return write_environment(s->environment, request, owner);
}

/* Only what sbatch needs itself. */
static char **own_environment(const struct passwd *owner)
{
	const char *conf = getenv("SLURM_CONF");
	char **env = calloc(7, sizeof(*env));
	int n = 0;
	bool ok = env && asprintf(&env[n++], "HOME=%s", owner->pw_dir) > 0 &&
		  asprintf(&env[n++], "USER=%s", owner->pw_name) > 0 &&
		  asprintf(&env[n++], "LOGNAME=%s", owner->pw_name) > 0 &&
		  asprintf(&env[n++], "PATH=%s", getenv("PATH") ?: USER_PATH) > 0;

	if (ok && conf)
		ok = asprintf(&env[n++], "SLURM_CONF=%s", conf) > 0;
	return ok ? env : NULL;
}

static char **arguments(struct json_object *request, const struct passwd *owner,
			const struct streams *s)
{
	struct json_object *options = json_get(request, "options");
	size_t n = 0, count = json_length(options);
	char **argv = calloc(count + 8, sizeof(*argv));
	bool ok;

	if (!argv)
		return NULL;
	argv[n++] = SBATCH;
	argv[n++] = "--parsable";
	argv[n++] = "--propagate=NONE"; /* the agent's limits are not the user's */
	argv[n++] = "--export=ALL";     /* of the file, that is */
	/* By path: the components of a heterogeneous job each read it from its beginning. */
	ok = asprintf(&argv[n++], "--export-file=/proc/self/fd/%d", s->environment) > 0 &&
	     asprintf(&argv[n++], "--chdir=%s", owner->pw_dir) > 0;
	for (size_t i = 0; i < count; i++)
		argv[n++] = (char *)json_object_get_string(json_object_array_get_idx(options, i));
	return ok ? argv : NULL;
}

static void __attribute__((noreturn)) exec_sbatch(struct json_object *request,
						  const struct passwd *owner,
						  const struct streams *s, pid_t parent)
{
	struct rlimit limit = { OUTPUT_MAX, OUTPUT_MAX };
	char **argv = arguments(request, owner, s), **env = own_environment(owner);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!argv || !env || getppid() != parent || dup2(s->script, 0) < 0 ||
	    dup2(s->out, 1) < 0 || dup2(s->err, 2) < 0)
		_exit(126);
	fcntl(s->environment, F_SETFD, 0);
	setrlimit(RLIMIT_FSIZE, &limit);
	umask(022);
	if (chdir("/") == 0)
		execvpe(SBATCH, argv, env);
	dprintf(2, "%s: %s: the agent needs Slurm's client commands on its host\n", SBATCH,
		strerror(errno));
	_exit(127);
}

static void read_back(int fd, char *buf, size_t size)
{
	ssize_t n = pread(fd, buf, size - 1, 0);

	buf[n > 0 ? n : 0] = '\0';
}

/* "123", or "123;cluster". */
static void take_output(const struct streams *s, int status, struct sbatch_result *ret)
{
	char out[64], *end;
	unsigned long id;

	read_back(s->out, out, sizeof(out));
	read_back(s->err, ret->words, sizeof(ret->words));
	id = strtoul(out, &end, 10);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && end != out && id && id < UINT32_MAX)
		ret->job_id = (uint32_t)id;
	else
		ret->lost = !WIFEXITED(status) || WEXITSTATUS(status) == 0;
}

void sbatch_run(struct json_object *request, const struct passwd *owner,
		struct sbatch_result *ret)
{
	_cleanup_(streams_close) struct streams s = { -1, -1, -1, -1 };
	pid_t parent = getpid(), pid;
	int status;

	*ret = (struct sbatch_result){ .lost = true, .words = "not enough memory or descriptors" };
	if (open_streams(&s, request, owner) < 0)
		return;
	pid = fork();
	if (pid == 0)
		exec_sbatch(request, owner, &s, parent);
	if (pid < 0)
		return;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return;
	*ret = (struct sbatch_result){ 0 };
	take_output(&s, status, ret);
}
