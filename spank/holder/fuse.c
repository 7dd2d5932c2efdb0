/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"

#define STOP_MS 2000

/* The faster one first. */
static const char *const programs[] = {
	"/usr/bin/squashfuse_ll",
	"/usr/local/bin/squashfuse_ll",
	"/usr/bin/squashfuse",
	"/usr/local/bin/squashfuse",
};

/* In the server's process. It may keep nothing of ours but the device: the report's pipe would
 * never end. */
static void serve(const struct fuse *f, const struct bundle *b, int go, int words)
{
	char offset[32], device[32], byte;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	while (read(go, &byte, 1) < 0 && errno == EINTR)
		;
	if (byte != 'g' || null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
	    dup2(words, 2) < 0 || dup2(f->device, 3) < 0)
		_exit(1);
	fcntl(3, F_SETFD, 0);
	snprintf(offset, sizeof(offset), "offset=%llu", (unsigned long long)b->offset);
	snprintf(device, sizeof(device), "/dev/fd/3");
	close(4);
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		execl(programs[i], "squashfuse", "-f", "-o", offset, b->squashfs, device, NULL);
	dprintf(2, "squashfuse can't be started: %s (Debian: apt-get install squashfuse)",
		strerror(errno));
	_exit(1);
}

int fuse_start(struct fuse *f, const struct bundle *b, struct error *err)
{
	_cleanup_close_ int go = -1, words = -1;
	int ends[2];

	f->device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (f->device < 0)
		return error_errno(err, "/dev/fuse");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, "pipe");
	go = ends[0];
	f->go = ends[1];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, "pipe");
	f->words = ends[0];
	words = ends[1];
	f->server = fork();
	if (f->server < 0)
		return error_errno(err, "starting squashfuse");
	if (f->server == 0) {
		close(f->go);
		serve(f, b, go, words);
	}
	f->handle = syscall(SYS_pidfd_open, f->server, 0);
	return f->handle < 0 ? error_errno(err, "starting squashfuse") : 0;
}

/* What the server said before it ended. */
static int explain(struct fuse *f, struct error *err)
{
	char text[256];
	ssize_t n = read(f->words, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20)
			*p = ' ';
	return error_set(err, EIO, "squashfuse: %s", text[0] ? text : "it ended without a word");
}

int fuse_mount(struct fuse *f, const char *target, struct error *err)
{
	char data[128];
	struct stat st;

	snprintf(data, sizeof(data), "fd=%d,rootmode=40000,user_id=%u,group_id=%u,allow_other",
		 f->device, geteuid(), getegid());
	if (mount("squashfuse", target, "fuse.squashfuse", MS_NOSUID | MS_NODEV | MS_RDONLY, data) <
	    0)
		return error_errno(err, "mounting with /dev/fuse");
	/* From now on only the server holds it: if that dies, nobody waits for an answer. */
	closep(&f->device);
	f->device = -1;
	if (write(f->go, "g", 1) != 1)
		return explain(f, err);
	if (stat(target, &st) < 0)
		return explain(f, err);
	return 0;
}

static int stop(void *argument, struct error *err)
{
	struct fuse *f = argument;
	struct pollfd p = {.fd = f->handle, .events = POLLIN};

	if (f->handle < 0)
		return 0;
	syscall(SYS_pidfd_send_signal, f->handle, SIGKILL, NULL, 0);
	if (poll(&p, 1, STOP_MS) == 0)
		return error_set(err, EBUSY, "process %d doesn't end", (int)f->server);
	return 0;
}

void fuse_keep(struct fuse *f, struct keeper *k)
{
	keeper_add(k, "stopping squashfuse", stop, f, true);
}
