/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container is a step: srun's words, its environment, its output. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "common/json.h"
#include "spank/pod/pod.h"

#define WORDS_MAX 4096
#define OUTPUT_FD 3 /* of srun */

extern char **environ;

struct words {
	char *list[WORDS_MAX + 1];
	size_t n;
	bool full;
};

static void words_free(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->list[i]);
}
#define _cleanup_words_ _cleanup_(words_free)

static void __attribute__((format(printf, 2, 3))) add(struct words *w, const char *format, ...)
{
	va_list ap;

	if (w->n == WORDS_MAX) {
		w->full = true;
		return;
	}
	va_start(ap, format);
	if (vasprintf(&w->list[w->n], format, ap) < 0)
		w->full = true;
	else
		w->n++;
	va_end(ap);
}

/* -- words ------------------------------------------------------------------------------------ */

static void add_layout(const struct pod *p, struct words *w)
{
	long long nodes = json_get_int(p->plan, "nodes", 1),
		  tasks = json_get_int(p->plan, "tasksPerNode", 1);
	const char *mpi = json_get_string(p->plan, "mpi");

	add(w, "--nodes=%lld", nodes);
	add(w, "--ntasks=%lld", nodes * tasks);
	add(w, "--ntasks-per-node=%lld", tasks);
	add(w, "--cpus-per-task=%lld", (long long)json_get_int(p->plan, "cpus", 1));
	if (mpi)
		add(w, "--mpi=%s", mpi);
}

static bool has_words(const struct container *c, const char *list)
{
	return json_length(json_get(c->plan, list)) > 0;
}

/* Neither command nor args: what the image says. */
static bool is_images_own(const struct container *c)
{
	return !has_words(c, "command") && !has_words(c, "args");
}

static int add_container(const struct pod *p, const struct container *c, struct words *w,
			 struct error *err)
{
	_cleanup_free_ char *mounts = mounts_of(p, c, err);
	const char *folder = json_get_string(c->plan, "workingDir");
	long long gpus = json_get_int(c->plan, "gpus", 0);

	if (!mounts)
		return -1;
	/* The agent counts restarts by the step's name. */
	if (c->restarts)
		add(w, "--job-name=%s.%u", c->name, c->restarts);
	else
		add(w, "--job-name=%s", c->name);
	add(w, gpus ? "--gres=gpu:%lld" : "--gres=none", gpus);
	add(w, "--container-image=%s", json_get_string(c->plan, "image"));
	add(w, "--container-mounts=%s", mounts);
	if (folder)
		add(w, "--container-workdir=%s", folder);
	if (json_get_bool(c->plan, "readOnly", false))
		add(w, "--container-readonly");
	if (!has_words(c, "command") && has_words(c, "args"))
		add(w, "--container-entrypoint");
	return 0;
}

static int add_command(const struct container *c, struct json_object *env, struct words *w,
		       struct error *err)
{
	static const char *const lists[] = { "command", "args" };

	if (is_images_own(c))
		add(w, "%s", "image-command"); /* a word for srun: this is not run */
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		struct json_object *list = json_get(c->plan, lists[i]);

		for (size_t k = 0; k < json_length(list); k++) {
			const char *text =
				json_object_get_string(json_object_array_get_idx(list, k));
			_cleanup_free_ char *word = env_expand(env, text, err);

			if (!word)
				return -1;
			add(w, "%s", word);
		}
	}
	return 0;
}

/* -- output ----------------------------------------------------------------------------------- */

/* The output of the start before this one is kept, as kubelet does. */
static int open_output(const struct pod *p, const struct container *c, struct error *err)
{
	char path[PATH_MAX], previous[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%.3000s/%s.log", p->folder, c->name);
	snprintf(previous, sizeof(previous), "%.3000s/%s.previous.log", p->folder, c->name);
	if (c->restarts && rename(path, previous) < 0 && errno != ENOENT)
		return error_errno(err, "%s", previous);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? error_errno(err, "%s", path) : fd;
}

/* -- processes -------------------------------------------------------------------------------- */

static void __attribute__((noreturn))
become_srun(char *const words[], char *const env[], int out, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* Its own words go where this program's do: only the container's are its output. */
	if (getppid() != parent || null < 0 || dup2(null, 0) < 0 || dup2(2, 1) < 0 ||
	    dup2(out, OUTPUT_FD) < 0)
		_exit(POD_EXIT_SETUP);
	execvpe(words[0], words, env);
	dprintf(2, "slurm-kube-pod: %s: %s\n", words[0], strerror(errno));
	_exit(POD_EXIT_SETUP);
}

pid_t step_start(struct pod *p, struct container *c, struct error *err)
{
	_cleanup_json_ struct json_object *env = env_of(p, c, err);
	_cleanup_(env_free) char **for_srun = env ? env_for_srun(env, is_images_own(c), err) : NULL;
	_cleanup_words_ struct words w = { .n = 0 };
	_cleanup_close_ int out = -1;
	pid_t parent = getpid(), pid;

	if (!for_srun)
		return -1;
	add(&w, "srun");
	add(&w, "--overlap");
	add(&w, "--quiet");
	add(&w, "--input=none");
	/* Not by name, in which srun would look for its patterns. */
	add(&w, "--output=/proc/self/fd/%d", OUTPUT_FD);
	add_layout(p, &w);
	if (add_container(p, c, &w, err) < 0)
		return -1;
	add(&w, "--");
	if (add_command(c, env, &w, err) < 0)
		return -1;
	if (w.full)
		return error_set(err, E2BIG, "its command has too many words");
	out = open_output(p, c, err);
	if (out < 0)
		return -1;
	pid = fork();
	if (pid == 0)
		become_srun(w.list, for_srun, out, parent);
	return pid < 0 ? error_errno(err, "fork") : pid;
}

static char **environment_with_kept(const struct pod *p)
{
	size_t n = 0, kept = json_length(p->kept);
	char **env;

	while (environ[n])
		n++;
	env = calloc(n + kept + 1, sizeof(*env));
	for (size_t i = 0; env && i < n; i++)
		env[i] = environ[i];
	for (size_t i = 0; env && i < kept; i++)
		env[n + i] = (char *)json_object_get_string(json_object_array_get_idx(p->kept, i));
	return env;
}

int step_everywhere(struct pod *p, const char *option, struct error *err)
{
	_cleanup_free_ char **env = environment_with_kept(p);
	_cleanup_words_ struct words w = { .n = 0 };
	pid_t parent = getpid(), pid;
	int status = -1;

	if (!env)
		return error_set(err, ENOMEM, "out of memory");
	add(&w, "srun");
	add(&w, "--overlap");
	add(&w, "--quiet");
	add(&w, "--input=none");
	add(&w, "--nodes=%lld", (long long)json_get_int(p->plan, "nodes", 1));
	add(&w, "--ntasks=%lld", (long long)json_get_int(p->plan, "nodes", 1));
	add(&w, "--ntasks-per-node=1");
	add(&w, "--gres=none");
	add(&w, "--job-name=volumes");
	add(&w, "--");
	add(&w, "%s", SLURM_KUBE_LIBEXECDIR "/slurm-kube-pod");
	add(&w, "%s", option);
	pid = fork();
	if (pid == 0)
		become_srun(w.list, env, 2, parent);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
		return error_set(err, EIO,
				 "not all nodes of the job could do it (pod.log has their words)");
	return 0;
}

void step_terminate(void)
{
	const char *job = getenv("SLURM_JOB_ID");
	pid_t pid = job ? fork() : -1;

	/* Of the steps: the batch script, which this is, gets none. */
	if (pid == 0) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execlp("scancel", "scancel", "--quiet", "--signal=TERM", job, NULL);
		_exit(127);
	}
}

/* srun takes SIGTERM for a wish to end the step now. */
void step_kill(const struct container *c)
{
	if (c->srun > 0)
		kill(c->srun, SIGTERM);
}
