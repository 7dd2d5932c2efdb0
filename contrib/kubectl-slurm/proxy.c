/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "contrib/kubectl-slurm/proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "common/buffer.h"
#include "common/cleanup.h"

#define START_MS 15000
#define TRY_MS 20

/* As a regular expression that fits this path alone. */
static char *pattern_of(const char *path)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(4096);

	buffer_printf(&b, "--accept-paths=^");
	for (const char *p = path; *p; p++)
		buffer_printf(&b, "%s%c", *p == '.' ? "\\" : "", *p);
	buffer_printf(&b, "$");
	return b.overflowed ? NULL : TAKE_PTR(b.data);
}

static int make_folder(struct proxy *p, struct error *err)
{
	const char *base = getenv("TMPDIR");

	/* A socket's path has to be short. */
	if (!base || base[0] != '/' || strlen(base) > 30)
		base = "/tmp";
	snprintf(p->folder, sizeof(p->folder), "%s/kubectl-slurm.XXXXXX", base);
	if (!mkdtemp(p->folder)) {
		p->folder[0] = 0;
		return error_errno(err, "can't make a folder in %s (TMPDIR)", base);
	}
	snprintf(p->socket, sizeof(p->socket), "%s/s", p->folder);
	return 0;
}

static int try_connect(const struct proxy *p)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", p->socket);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return TAKE_FD(fd);
}

/* It has ended before it served. */
static int failed(struct proxy *p, int errors, int status, struct error *err)
{
	p->pid = 0;
	kubectl_tell_failure(errors, WIFEXITED(status) ? WEXITSTATUS(status) : 1, err);
	return error_wrap(err, "kubectl proxy");
}

int proxy_connect(struct proxy *p, const struct kubectl *k, const char *path, struct error *err)
{
	_cleanup_close_ int errors = kubectl_memory_file(NULL, err),
			    out = kubectl_memory_file(NULL, err);
	_cleanup_close_ int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *accept = pattern_of(path), *where = NULL;
	int status;

	if (errors < 0 || out < 0 || !accept || make_folder(p, err) < 0)
		return -1;
	if (asprintf(&where, "--unix-socket=%s", p->socket) < 0) {
		where = NULL;
		return error_set(err, ENOMEM, "not enough memory");
	}
	/* kubectl proxy rejects paths of exec unless told otherwise; nobody else reaches the
	 * socket. */
	p->pid = kubectl_start(
		k, (const char *[]){ "proxy", where, accept, "--reject-paths=^$", NULL },
		(int[]){ in, out, errors }, err);
	if (p->pid < 0) {
		p->pid = 0;
		return -1;
	}
	for (int waited = 0; waited < START_MS && !kubectl_signal; waited += TRY_MS) {
		int fd = try_connect(p);

		if (fd >= 0)
			return fd;
		if (waitpid(p->pid, &status, WNOHANG) == p->pid)
			return failed(p, errors, status, err);
		poll(NULL, 0, TRY_MS);
	}
	return error_set(err, ETIMEDOUT, "kubectl proxy doesn't serve within %d s",
			 START_MS / 1000);
}

void proxy_hide(struct proxy *p)
{
	if (!p->folder[0])
		return;
	unlink(p->socket);
	rmdir(p->folder);
	p->folder[0] = 0;
}

void proxy_end(struct proxy *p)
{
	if (p->pid > 0) {
		kill(p->pid, SIGTERM);
		kubectl_end(p->pid);
	}
	p->pid = 0;
	proxy_hide(p);
}
