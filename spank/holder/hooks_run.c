/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/hooks_run.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "spank/holder/child_wait.h"

static const struct {
	const char *status; /* of the container */
	bool on_host;	    /* it runs among the host's files, not in the container's namespace */
} stages[HOOK_STAGES] = {
	[HOOK_PRESTART] = {"creating", true},	       [HOOK_CREATE_RUNTIME] = {"creating", true},
	[HOOK_CREATE_CONTAINER] = {"creating", false}, [HOOK_START_CONTAINER] = {"created", false},
	[HOOK_POSTSTART] = {"running", true},	       [HOOK_POSTSTOP] = {"stopped", true},
};

char *hooks_state_text(const struct hook_state *s, enum hook_stage stage)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *annotations = json_object_new_object();

	json_set_string(o, "ociVersion", "1.0.2");
	json_set_string(o, "id", s->id);
	json_set_string(o, "status", stages[stage].status);
	if (s->pid > 0)
		json_set_int(o, "pid", s->pid);
	json_set_string(o, "bundle", s->bundle);
	json_set_string(annotations, "io.slurm-kube.image", s->image);
	json_object_object_add(o, "annotations", annotations);
	return strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
}

/* The state as a file to read from the start. */
static int state_file(const struct hook_state *s, enum hook_stage stage)
{
	_cleanup_free_ char *text = hooks_state_text(s, stage);
	_cleanup_close_ int fd = memfd_create("state", MFD_CLOEXEC);
	size_t n = text ? strlen(text) : 0;

	if (!text || fd < 0 || write(fd, text, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return TAKE_FD(fd);
}

/* The rights that the user has over the container's namespaces, which are none over the host's:
 * kept by the hook's program, so that it can mount there. */
static void keep_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(data); i++)
		data[i].inheritable = data[i].permitted;
	if (syscall(SYS_capset, &header, data) < 0)
		return;
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
}

/* In the child. */
static void become(const struct hook *h, int state, const char *bundle)
{
	sigset_t none;

	setsid();
	/* What it mounts is of no concern to the container. */
	if (stages[h->stage].on_host && unshare(CLONE_NEWNS) < 0)
		_exit(126);
	if (chdir(bundle) < 0 && chdir("/") < 0)
		_exit(126);
	keep_capabilities();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(state, 0) < 0 || dup2(2, 1) < 0)
		_exit(126);
	syscall(SYS_close_range, 3, ~0U, 0);
	execve(h->path, h->args, h->env);
	dprintf(2, "slurm-kube: %s: %s\n", h->path, strerror(errno));
	_exit(127);
}

/* Wait for the hook and for what it says; it is killed when its time is over. */
static int wait_for(const struct hook *h, pid_t pid, struct error *err)
{
	int status = 0, rc = child_wait(pid, h->timeout, &status, err);

	if (rc < 0)
		return -1;
	if (WIFSIGNALED(status))
		return error_set(err, ECANCELED, "it was ended by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status))
		return error_set(err, EIO, "it failed with exit code %d", WEXITSTATUS(status));
	return 0;
}

static int run_one(const struct hook *h, const struct hook_state *state, struct error *err)
{
	_cleanup_close_ int fd = state_file(state, h->stage);
	pid_t pid;

	if (fd < 0)
		return error_errno(err, "telling it the state");
	pid = fork();
	if (pid == 0)
		become(h, fd, state->bundle);
	if (pid < 0)
		return error_errno(err, "starting it");
	return wait_for(h, pid, err);
}

int hooks_run(const struct hooks *h, enum hook_stage stage, const struct hook_state *state,
	      struct error *err)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->items[i].stage == stage && run_one(&h->items[i], state, err) < 0)
			return error_wrap(err, "%s hook %s", hook_stage_name(stage),
					  h->items[i].path);
	return 0;
}

int hooks_run_all(const struct hooks *h, enum hook_stage stage, const struct hook_state *state,
		  struct error *err)
{
	for (size_t i = 0; i < h->count; i++) {
		struct error own = {0};

		if (h->items[i].stage == stage && run_one(&h->items[i], state, &own) < 0)
			dprintf(2, "slurm-kube: %s hook %s: %s\n", hook_stage_name(stage),
				h->items[i].path, own.text);
	}
	return 0;
}
