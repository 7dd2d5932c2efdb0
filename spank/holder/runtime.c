/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buffer.h"
#include "spank/holder/child_wait.h"
#include "spank/holder/enter.h"
#include "spank/holder/oci_config.h"

#define CGROUP2_MAGIC 0x63677270

int runtime_parse(const char *text, const char *join, struct runtime *ret, struct error *err)
{
	_cleanup_free_ char *copy = strdup(text ? text : "builtin");
	char *save = NULL;
	size_t n = 0;

	if (!copy)
		return error_set(err, ENOMEM, "out of memory");
	if (!strcmp(copy, "builtin"))
		return 0;
	for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		if (n == RUNTIME_WORDS_MAX)
			return error_set(err, E2BIG, "runtime=: more than %d words",
					 RUNTIME_WORDS_MAX);
		ret->words[n] = strdup(w);
		if (!ret->words[n++])
			return error_set(err, ENOMEM, "out of memory");
	}
	if (n == 0 || ret->words[0][0] != '/')
		return error_set(err, EINVAL, "runtime=%s: it takes builtin, or an absolute path",
				 text);
	ret->exec = join && !strcmp(join, "exec");
	return 0;
}

/* In the child: the runtime's command line and, where the container's process gets them, nothing
 * on standard input and output. */
static void become(const struct runtime *rt, const char *const *arguments, int words)
{
	const char *argv[RUNTIME_WORDS_MAX + 16];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;
	size_t n = 0;

	while (rt->words[n]) {
		argv[n] = rt->words[n];
		n++;
	}
	argv[n++] = "--root";
	argv[n++] = rt->state;
	while (*arguments)
		argv[n++] = *arguments++;
	argv[n] = NULL;
	setsid();
	setenv("XDG_RUNTIME_DIR", rt->state, 1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(null, 0) < 0 || dup2(words, 1) < 0 || dup2(words, 2) < 0)
		_exit(126);
	syscall(SYS_close_range, 3, ~0U, 0);
	execv(argv[0], (char *const *)argv);
	dprintf(2, "%s", strerror(errno));
	_exit(127);
}

/* What it said, on one line, the end of it if it is much. */
static void read_words(int fd, char *text, size_t size)
{
	off_t length = lseek(fd, 0, SEEK_END);
	off_t from = length >= (off_t)size ? length - (off_t)size + 1 : 0;
	ssize_t n = pread(fd, text, size - 1, from);

	n = n < 0 ? 0 : n;
	while (n > 0 && strchr(" \n", text[n - 1]))
		n--;
	text[n] = '\0';
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
}

/* Run one of its commands. arguments ends in NULL. */
static int command(const struct runtime *rt, const char *const *arguments, struct error *err)
{
	_cleanup_close_ int fd = memfd_create("words", MFD_CLOEXEC);
	char words[300];
	int status = 0;
	pid_t pid = fd < 0 ? -1 : fork();

	if (pid == 0)
		become(rt, arguments, fd);
	if (pid < 0)
		return error_errno(err, "starting %s", rt->words[0]);
	if (child_wait(pid, RUNTIME_TIMEOUT, &status, err) < 0)
		return error_wrap(err, "%s %s", rt->words[0], arguments[0]);
	if (status == 0)
		return 0;
	read_words(fd, words, sizeof(words));
	return error_set(err, EIO, "%s %s failed: %s", rt->words[0], arguments[0],
			 words[0] ? words : "it doesn't say why");
}

static bool is_cgroup2(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_MAGIC;
}

/* Runtimes don't expect both versions of cgroups at once. They have nothing to do there: the
 * cgroups are Slurm's. */
static int hide_old_cgroups(struct error *err)
{
	if (!is_cgroup2("/sys/fs/cgroup/unified"))
		return 0;
	if (mount("/sys/fs/cgroup/unified", "/sys/fs/cgroup", NULL, MS_BIND, NULL) < 0)
		return error_errno(err, "showing the runtime only cgroup2");
	return 0;
}

static int read_pid(const char *path, pid_t *ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;

	if (buffer_read_file(path, 64, &text, NULL, err) < 0)
		return -1;
	*ret = atoi(text);
	return *ret > 0 ? 0 : error_set(err, EPROTO, "%s: it is no process id", path);
}

int runtime_create(struct runtime *rt, const struct bundle *b, struct error *err)
{
	char keeper[16];
	const char *const pause[] = {ENTER_INSIDE, "--pause", rt->keeper ? keeper : NULL, NULL};
	char root[PATH_MAX + 16], pid_file[PATH_MAX + 16];
	const char *create[] = {"create", "--bundle", rt->folder, "--pid-file",
				pid_file, rt->id,     NULL};
	const char *start[] = {"start", rt->id, NULL};
	struct oci_config config = {.bundle = b, .root = root, .args = pause, .with_hooks = true};

	snprintf(keeper, sizeof(keeper), "%d", (int)rt->keeper);
	snprintf(root, sizeof(root), "%s/rootfs", rt->folder);
	snprintf(pid_file, sizeof(pid_file), "%s/pid", rt->state);
	if (hide_old_cgroups(err) < 0 || oci_config_write(&config, rt->folder, err) < 0)
		return -1;
	if (command(rt, create, err) < 0 || read_pid(pid_file, &rt->pid, err) < 0)
		return -1;
	return command(rt, start, err);
}

int runtime_enter(const struct runtime *rt, struct error *err)
{
	_cleanup_close_ int fd = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)rt->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNS) < 0)
		return error_errno(err, "joining the container that %s made", rt->words[0]);
	return 0;
}

int runtime_delete(void *argument, struct error *err)
{
	const struct runtime *rt = argument;
	const char *end[] = {"kill", rt->id, "KILL", NULL};
	const char *delete[] = {"delete", "--force", rt->id, NULL};

	/* It may have ended by itself. */
	command(rt, end, NULL);
	return command(rt, delete, err);
}

void runtime_free(struct runtime *rt)
{
	for (char **w = rt->words; *w; w++)
		free(*w);
	*rt = (struct runtime){0};
}
