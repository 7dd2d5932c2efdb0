/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/tool/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "common/buffer.h"
#include "spank/image/image.h"

#define WORDS_MAX 8192
#define TICK_MS 200

static const struct {
	const char *program, *package;
} packages[] = {
	{"skopeo", "skopeo"},
	{"umoci", "umoci"},
	{"unsquashfs", "squashfs-tools"},
};

struct running {
	const struct run *request;
	pid_t pid;
	int out, words;		    /* our ends of the pipes, -1 once they are closed */
	struct buffer output, said; /* said: the end of what it wrote to standard error */
	struct timespec began;
};

static int find(const char *name, char path[PATH_MAX], struct error *err)
{
	const char *package = name;

	if (image_find_program(name, path) == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(packages); i++)
		if (!strcmp(packages[i].program, name))
			package = packages[i].package;
	return error_set(err, ENOENT,
			 "%s is not installed on this node: the administrator has to install the "
			 "package %s",
			 name, package);
}

static _Noreturn void become(const struct run *r, const char *path, int out, int words)
{
	int null = open("/dev/null", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(words, 2) < 0 ||
	    (r->folder && chdir(r->folder) < 0))
		_exit(126);
	execv(path, (char *const *)r->argv);
	_exit(127);
}

static int start(struct running *p, const char *path, struct error *err)
{
	int out[2], words[2];

	if (pipe2(out, O_CLOEXEC) < 0)
		return error_errno(err, "pipe");
	p->out = out[0];
	if (pipe2(words, O_CLOEXEC) < 0) {
		close(out[1]);
		return error_errno(err, "pipe");
	}
	p->words = words[0];
	p->pid = fork();
	if (p->pid == 0)
		become(p->request, path, out[1], words[1]);
	close(out[1]);
	close(words[1]);
	return p->pid < 0 ? error_errno(err, "fork") : 0;
}

/* Returns -1 at the end of the file. */
static int take(int fd, struct buffer *b, bool last_only)
{
	char chunk[4096];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0)
		return -1;
	if (last_only && b->used + n > b->max)
		buffer_shift(b, b->used + n - b->max);
	buffer_add(b, chunk, n);
	return 0;
}

static unsigned seconds_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - then->tv_sec;
}

/* Until both pipes are closed. Returns 0, or -1 with err filled if it takes too long. */
static int attend(struct running *p, struct error *err)
{
	const struct run *r = p->request;

	while (p->out >= 0 || p->words >= 0) {
		struct pollfd fds[] = {{p->out, POLLIN, 0}, {p->words, POLLIN, 0}};

		poll(fds, ARRAY_SIZE(fds), TICK_MS);
		if (fds[0].revents && take(p->out, &p->output, false) < 0)
			close(TAKE_FD(p->out));
		if (fds[1].revents && take(p->words, &p->said, true) < 0)
			close(TAKE_FD(p->words));
		if (r->tick)
			r->tick(r->arg, p->pid);
		if (r->timeout && seconds_since(&p->began) >= r->timeout)
			return error_set(err, ETIMEDOUT, "%s: no answer within %u s", r->argv[0],
					 r->timeout);
	}
	return 0;
}

static int check_end(struct running *p, int status, struct error *err)
{
	const char *name = p->request->argv[0];
	char words[300] = "";

	if (p->said.data)
		run_last_words(p->said.data, words, sizeof(words));
	if (WIFSIGNALED(status))
		return error_set(err, ECANCELED, "%s was ended by signal %d (%s)%s", name,
				 WTERMSIG(status), strsignal(WTERMSIG(status)),
				 WTERMSIG(status) == SIGKILL ? "; perhaps the memory was too small"
							     : "");
	if (WEXITSTATUS(status))
		return error_set(err, EIO, "%s: %s", name, words[0] ? words : "it failed");
	if (p->output.overflowed)
		return error_set(err, EFBIG, "%s answered with more than %zu bytes", name,
				 p->request->max);
	return 0;
}

static void clean_up(struct running *p)
{
	int status;

	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, &status, 0);
	}
	closep(&p->out);
	closep(&p->words);
	buffer_free(&p->output);
	buffer_free(&p->said);
}

int run_program(const struct run *r, struct error *err)
{
	_cleanup_(clean_up) struct running p = {
		.request = r,
		.out = -1,
		.words = -1,
		.output = BUFFER_INIT(r->max),
		.said = BUFFER_INIT(WORDS_MAX),
	};
	char path[PATH_MAX];
	int status;

	clock_gettime(CLOCK_MONOTONIC, &p.began);
	if (find(r->argv[0], path, err) < 0 || start(&p, path, err) < 0 || attend(&p, err) < 0)
		return -1;
	while (waitpid(p.pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, "%s", r->argv[0]);
	p.pid = 0;
	if (check_end(&p, status, err) < 0)
		return -1;
	if (r->output) {
		if (buffer_add(&p.output, "", 0) < 0)
			return error_set(err, ENOMEM, "out of memory");
		*r->output_len = p.output.used;
		*r->output = TAKE_PTR(p.output.data);
	}
	return 0;
}
