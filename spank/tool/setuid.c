/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "spank/tool/staging.h"

#define DEPTH_MAX 256
#define SET_BITS (S_ISUID | S_ISGID)

static int clear_below(int parent, const char *name, int depth, struct error *err);

static int clear_one(int folder, const char *name, int depth, struct error *err)
{
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, "%.200s", name);
	if (S_ISDIR(st.st_mode))
		return clear_below(folder, name, depth + 1, err);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & SET_BITS))
		return 0;
	return fchmodat(folder, name, st.st_mode & 07777 & ~SET_BITS, 0) < 0
		       ? error_errno(err, "%.200s", name)
		       : 0;
}

/* What can't be looked through can't be let in. */
static int clear_below(int parent, const char *name, int depth, struct error *err)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	int fd;

	if (depth > DEPTH_MAX)
		return error_set(err, ELOOP, "its folders are nested more than %d deep", DEPTH_MAX);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0755, 0) == 0)
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, "%.200s", name);
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return error_errno(err, "%.200s", name);
	}
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
		    clear_one(fd, entry->d_name, depth, err) < 0)
			return -1;
	return 0;
}

int staging_clear_setuid(const struct staging *s, struct error *err)
{
	if (clear_below(AT_FDCWD, s->partial, 0, err) < 0)
		return error_wrap(err, "taking setuid bits away");
	return 0;
}
