/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading an OCI bundle from disk. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buffer.h"
#include "spank/holder/bundle.h"

/* A FIFO or device in its place must not make us hang. Returns the descriptor, or -1 with err
 * filled. */
static int open_config(const struct bundle *b, struct error *err)
{
	_cleanup_close_ int folder = open(b->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (folder < 0)
		return error_errno(err, "it can't be read");
	fd = openat(folder, "config.json", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, "its config.json can't be read");
	if (!S_ISREG(st.st_mode))
		return error_set(err, S_ISDIR(st.st_mode) ? EISDIR : EINVAL,
				 "its config.json can't be read: it is no file");
	return TAKE_FD(fd);
}

int bundle_read(struct bundle *b, struct error *err)
{
	_cleanup_close_ int fd = open_config(b, err);
	_cleanup_free_ char *text = NULL;
	struct stat st;
	size_t len;

	if (fd < 0 || buffer_read_fd(fd, "config.json", BUNDLE_CONFIG_MAX, &text, &len, err) < 0 ||
	    bundle_parse(b, text, len, err) < 0)
		return -1;
	if (stat(b->rootfs, &st) < 0)
		return error_errno(err, "its root file system %s", b->rootfs);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ENOTDIR, "its root file system %s is not a folder",
				 b->rootfs);
	return 0;
}
