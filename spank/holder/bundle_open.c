/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling what --container names, and reading it from disk. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buffer.h"
#include "spank/holder/bundle.h"

#define WHAT_RUNS "this version runs OCI bundle and root file system folders"

/* "docker://", "oci:" and such: an image reference of another kind. */
static bool is_reference(const char *image)
{
	size_t n = strspn(image, "abcdefghijklmnopqrstuvwxyz0123456789+.-");

	return n > 0 && (!strncmp(image + n, "://", 3) || !strncmp(image, "oci:", 4) ||
			 !strncmp(image, "oci-archive:", 12) || !strncmp(image, "dir:", 4));
}

/* Open a regular file in a folder; a FIFO or device in its place must not make us hang.
 * Returns the descriptor, or -1 with errno set. */
static int open_regular(int folder, const char *name)
{
	_cleanup_close_ int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return -1;
	}
	return TAKE_FD(fd);
}

static bool exists(int folder, const char *name)
{
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool looks_like_root(int folder)
{
	static const char *const signs[] = { "bin", "usr", "etc", "lib", "sbin", "opt" };

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
		if (exists(folder, signs[i]))
			return true;
	return false;
}

/* A root file system folder: no configuration, everything as the job has it. */
static int plain_root(struct bundle *b, int folder, struct error *err)
{
	if (exists(folder, "oci-layout"))
		return error_set(err, ENOTSUP, "it is an OCI image layout; unpack it, for instance with "
				 "`umoci unpack --rootless`: " WHAT_RUNS);
	if (!looks_like_root(folder))
		return error_set(err, EINVAL,
				 "it is neither an OCI bundle (it has no config.json) nor a root file "
				 "system (it has no bin, usr or etc)");
	b->rootfs = strdup(b->path);
	b->cwd = strdup("");
	b->env = calloc(1, sizeof(*b->env));
	if (!b->rootfs || !b->cwd || !b->env)
		return error_set(err, ENOMEM, "out of memory");
	return 0;
}

static int read_config(struct bundle *b, int fd, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	struct stat st;
	size_t len;

	if (buffer_read_fd(fd, "config.json", BUNDLE_CONFIG_MAX, &text, &len, err) < 0 ||
	    bundle_parse(b, text, len, err) < 0)
		return -1;
	if (stat(b->rootfs, &st) < 0)
		return error_errno(err, "its root file system %s", b->rootfs);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ENOTDIR, "its root file system %s is not a folder", b->rootfs);
	return 0;
}

static int open_image(const char *image, struct bundle *b, struct error *err)
{
	_cleanup_close_ int folder = -1, config = -1;
	struct stat st;

	if (!image[0])
		return error_set(err, EINVAL, "the name is empty; " WHAT_RUNS);
	if (is_reference(image))
		return error_set(err, ENOTSUP, "images of this kind are not supported yet; " WHAT_RUNS);
	b->path = realpath(image, NULL);
	if (!b->path)
		return error_set(err, errno, "%s; " WHAT_RUNS, strerror(errno));
	if (stat(b->path, &st) < 0)
		return error_errno(err, "it can't be looked at");
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ENOTDIR, "it is not a folder; " WHAT_RUNS);
	folder = open(b->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return error_errno(err, "it can't be read");
	config = open_regular(folder, "config.json");
	if (config >= 0)
		return read_config(b, config, err);
	if (errno == ENOENT)
		return plain_root(b, folder, err);
	return error_errno(err, "its config.json can't be read");
}

int bundle_open(const char *image, struct bundle **ret, struct error *err)
{
	_cleanup_(bundle_freep) struct bundle *b = bundle_new();

	if (!b)
		return error_set(err, ENOMEM, "out of memory");
	if (open_image(image, b, err) < 0)
		return -1;
	*ret = TAKE_PTR(b);
	return 0;
}
