/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurm-kube-enter: what a task becomes where its program isn't simply started; see
 * spank/holder/enter.h. With "--pause [PROCESS]" it is the first process of a container that an OCI
 * runtime has made. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "spank/holder/enter.h"

extern char **environ;

/* As slurmstepd ends when it can't start a program. */
static int fail(const char *what, int code)
{
	fprintf(stderr, "slurm-kube: %s: %s\n", what, strerror(code));
	return code;
}

/* The words of a numbered variable; the caller frees the array. */
static char **numbered(const char *name, size_t *count)
{
	char **words = calloc(ENTER_WORDS_MAX + 1, sizeof(*words));
	char variable[64];

	for (*count = 0; words && *count < ENTER_WORDS_MAX; (*count)++) {
		snprintf(variable, sizeof(variable), "%s%zu", name, *count);
		words[*count] = getenv(variable);
		if (!words[*count])
			break;
	}
	return words;
}

/* A copy of the environment without what was meant for us. */
static char **clean_environment(void)
{
	size_t n = 0, kept = 0;
	char **env;

	while (environ[n])
		n++;
	env = calloc(n + 1, sizeof(*env));
	for (size_t i = 0; env && i < n; i++)
		if (strncmp(environ[i], ENTER_PREFIX, strlen(ENTER_PREFIX)))
			env[kept++] = environ[i];
	return env;
}

/* The entry point, the program, its arguments; or what the image runs by itself. The caller frees the array. */
static char **command_line(int argc, char *argv[])
{
	_cleanup_free_ char **entrypoint = NULL;
	char *program = getenv(ENTER_PROGRAM);
	size_t n = 0;
	char **words;

	entrypoint = numbered(ENTER_ENTRYPOINT, &n);
	words = entrypoint ? calloc(n + argc + 1, sizeof(*words)) : NULL;
	if (!words)
		return NULL;
	memcpy(words, entrypoint, n * sizeof(*words));
	if (getenv(ENTER_ALONE))
		return words;
	words[n] = program;
	memcpy(words + n + 1, argv + 1, (argc - 1) * sizeof(*words));
	return words;
}

static struct json_object *strings(char *const *items)
{
	struct json_object *array = json_object_new_array();

	for (; *items; items++)
		json_object_array_add(array, json_object_new_string(*items));
	return array;
}

static const char *working_folder(char *dest, size_t size)
{
	const char *asked = getenv(ENTER_CWD), *root = getenv(ENTER_ROOT);
	char own[PATH_MAX];

	if (asked)
		return asked;
	if (!getcwd(own, sizeof(own)) || !root)
		return "/";
	/* The job's own, if that is there, too. */
	snprintf(dest, size, "%s%s", root, own);
	return access(dest, X_OK) == 0 ? dest + strlen(root) : "/";
}

/* The OCI process of this task. */
static struct json_object *process(char *const *words, char *const *env)
{
	struct json_object *o = json_object_new_object(), *user = json_object_new_object();
	const char *ids = getenv(ENTER_USER);
	char folder[2 * PATH_MAX];
	unsigned uid = 0, gid = 0;

	if (ids)
		sscanf(ids, "%u:%u", &uid, &gid);
	json_set_bool(o, "terminal", false);
	json_set_int(user, "uid", uid);
	json_set_int(user, "gid", gid);
	json_object_object_add(o, "user", user);
	json_object_object_add(o, "args", strings(words));
	json_object_object_add(o, "env", strings(env));
	json_set_string(o, "cwd", working_folder(folder, sizeof(folder)));
	return o;
}

/* As a file that stays open for the runtime. Returns the descriptor, or -1 with errno set. */
static int process_file(char *const *words, char *const *env)
{
	_cleanup_json_ struct json_object *o = process(words, env);
	const char *text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	int fd = memfd_create("process.json", 0);

	if (fd >= 0 && write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return -1;
	return fd;
}

static int run_by_runtime(char **runtime, size_t n, char *const *words, char *const *env)
{
	int fd = process_file(words, env);
	char file[64];

	if (fd < 0 || n + 4 > ENTER_WORDS_MAX)
		return fail("telling the runtime what to run", fd < 0 ? errno : E2BIG);
	snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
	runtime[n++] = "--process";
	runtime[n++] = file;
	runtime[n++] = getenv(ENTER_ID);
	runtime[n] = NULL;
	execv(runtime[0], runtime);
	return fail(runtime[0], errno);
}

/* Be there until that process has ended; without one, until somebody ends us. */
static int stay(const char *process)
{
	struct pollfd p = {.fd = -1, .events = POLLIN};

	if (process)
		p.fd = syscall(SYS_pidfd_open, atoi(process), 0);
	if (process && p.fd < 0)
		return fail("the container's keeper", errno);
	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
	return 0;
}

int main(int argc, char *argv[])
{
	_cleanup_free_ char **runtime = NULL, **words = NULL, **env = NULL;
	size_t n = 0;

	if (argc >= 2 && !strcmp(argv[1], "--pause"))
		return stay(argv[2]);
	if (argc < 1 || !getenv(ENTER_PROGRAM)) {
		fputs("slurm-kube-enter is started by Slurm's plugin spank_kube.so, not by hand.\n",
		      stderr);
		return 2;
	}
	runtime = numbered(ENTER_RUNTIME, &n);
	words = command_line(argc, argv);
	env = clean_environment();
	if (!runtime || !words || !env)
		return fail("starting the program", ENOMEM);
	if (n)
		return run_by_runtime(runtime, n, words, env);
	execvpe(words[0], words, env);
	return fail(words[0], errno);
}
