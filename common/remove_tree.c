/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/remove_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"

/* Folders below this depth are moved to the top first: an open descriptor and a stack frame a
 * level, and no more than that. */
#define DEPTH_MAX 64

struct removal {
	int top; /* the tree's own folder, or -1 before it is open */
	dev_t device;
	unsigned moved;
	struct error *err; /* holds the first failure */
	bool failed;
};

static int failure(struct removal *r, const char *name)
{
	if (!r->failed)
		error_errno(r->err, "removing %.200s", name);
	r->failed = true;
	return -1;
}

/* Let ourselves list and change a folder, of which only we know that it is one: by descriptor, so
 * that no link is followed. */
static int permit(int parent, const char *name)
{
	_cleanup_close_ int fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	char path[64];

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	if ((st.st_mode & 0700) == 0700)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, 0700);
}

/* Returns a descriptor, or -1 with errno set. */
static int open_folder(struct removal *r, int parent, const char *name)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	/* Without the right to change its mode it may still be empty. */
	permit(parent, name);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (r->top < 0)
		r->device = st.st_dev;
	if (st.st_dev != r->device) {
		errno = EXDEV;
		return -1;
	}
	return TAKE_FD(fd);
}

static int remove_folder(struct removal *r, int parent, const char *name, int depth);

/* Returns 1 if it is gone, 0 if it was put where a later pass finds it, -1 if it can't be removed.
 */
static int remove_entry(struct removal *r, int folder, const char *name, int depth)
{
	char moved[64];

	if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return 1;
	if (errno != EISDIR && errno != EPERM)
		return failure(r, name);
	if (depth < DEPTH_MAX)
		return remove_folder(r, folder, name, depth + 1) < 0 ? -1 : 1;
	permit(folder, name);
	snprintf(moved, sizeof(moved), ".removed-%u-%d", r->moved++, (int)getpid());
	return renameat(folder, name, r->top, moved) < 0 ? failure(r, name) : 0;
}

/* One pass over a folder. Returns how many entries it did away with, so 0 at the end. */
static unsigned empty_folder(struct removal *r, DIR *dir, int depth)
{
	struct dirent *entry;
	unsigned removed = 0;

	rewinddir(dir);
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			removed += remove_entry(r, dirfd(dir), entry->d_name, depth) >= 0;
	return removed;
}

static int remove_folder(struct removal *r, int parent, const char *name, int depth)
{
	_cleanup_closedir_ DIR *dir = NULL;
	int fd = open_folder(r, parent, name);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || !(dir = fdopendir(fd))) {
		/* Not ours to read, but perhaps there is nothing in it. */
		int saved = errno;

		closep(&fd);
		if (saved == EACCES && unlinkat(parent, name, AT_REMOVEDIR) == 0)
			return 0;
		errno = saved;
		return failure(r, name);
	}
	if (r->top < 0)
		r->top = fd;
	while (empty_folder(r, dir, depth))
		;
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return failure(r, name);
	return 0;
}

int remove_tree(int parent, const char *name, struct error *err)
{
	struct removal r = {.top = -1, .err = err};

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT || errno == ENOTDIR)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return error_errno(err, "removing %.200s", name);
	remove_folder(&r, parent, name, 0);
	return r.failed ? -1 : 0;
}
