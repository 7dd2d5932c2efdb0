/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/image/use.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "spank/image/image.h"

#define NOTES_KEPT 256 /* a folder with more is looked through for stale ones */

static int compare(const void *a, const void *b)
{
	const ino_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int add_inode(struct use_namespaces *n, ino_t inode)
{
	if (n->count && n->inodes[n->count - 1] == inode)
		return 0;
	if ((n->count & (n->count + 1)) == 0) {
		ino_t *more = realloc(n->inodes, (2 * n->count + 2) * sizeof(*more));

		if (!more)
			return -1;
		n->inodes = more;
	}
	n->inodes[n->count++] = inode;
	return 0;
}

/* Whether the process is in a user namespace other than the first one, as all in containers are.
 * Unlike its namespaces, anybody may see this. */
static bool in_container(int process)
{
	_cleanup_close_ int fd = openat(process, "uid_map", O_RDONLY | O_CLOEXEC);
	char text[64] = "";
	unsigned inside = 1, outside = 1, count = 0;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return false;
	return sscanf(text, "%u %u %u", &inside, &outside, &count) == 3 &&
	       !(inside == 0 && outside == 0 && count == UINT_MAX);
}

static int read_process(struct use_namespaces *n, int proc, const char *pid)
{
	_cleanup_close_ int process =
		openat(proc, pid, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (process < 0 || fstat(process, &st) < 0)
		return 0;
	if (fstatat(process, "ns/mnt", &st, 0) == 0)
		return add_inode(n, st.st_ino);
	/* Another user's, or one that doesn't let itself be looked at. */
	if (errno == EACCES && fstat(process, &st) == 0 &&
	    (st.st_uid == geteuid() || st.st_uid == 0) && in_container(process))
		n->unknown = true;
	return 0;
}

int use_namespaces_read(struct use_namespaces *ret)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	_cleanup_(use_namespaces_free) struct use_namespaces n = {0};
	struct dirent *entry;

	if (!proc)
		return -1;
	while ((entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    read_process(&n, dirfd(proc), entry->d_name) < 0)
			return -1;
	if (n.count)
		qsort(n.inodes, n.count, sizeof(*n.inodes), compare);
	*ret = n;
	n = (struct use_namespaces){0};
	return 0;
}

void use_namespaces_free(struct use_namespaces *n)
{
	free(n->inodes);
	*n = (struct use_namespaces){0};
}

/* Whether an entry of a users folder stands for something that is there. */
static bool is_live(int users, const char *name, const struct use_namespaces *n)
{
	char *end;
	ino_t inode = strtoull(name, &end, 10);
	struct stat st;

	if (*end)
		return fstatat(users, name, &st, 0) == 0;
	return n->unknown ||
	       (n->count && bsearch(&inode, n->inodes, n->count, sizeof(inode), compare));
}

bool use_is_noted(const char *users, const struct use_namespaces *n)
{
	_cleanup_closedir_ DIR *dir = opendir(users);
	struct dirent *entry;
	bool noted = false;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (is_live(dirfd(dir), entry->d_name, n))
			noted = true;
		else
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	return noted;
}

static bool has_many(int users)
{
	_cleanup_closedir_ DIR *dir = NULL;
	int fd = openat(users, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), count = 0;

	if (fd < 0 || !(dir = fdopendir(fd)))
		return false;
	while (readdir(dir))
		count++;
	return count > NOTES_KEPT;
}

/* The numbers of namespaces that have gone are given to new ones: what other images note under name
 * means nothing any more. */
static void forget_elsewhere(const struct bundle *b, const char *name)
{
	const char *own = strrchr(b->path, '/') + 1;
	_cleanup_closedir_ DIR *images = NULL;
	char path[PATH_MAX];
	struct dirent *entry;

	if (snprintf(path, sizeof(path), "%s/..", b->path) < PATH_MAX)
		images = opendir(path);
	while (images && (entry = readdir(images))) {
		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, own))
			continue;
		snprintf(path, sizeof(path), "%s/users/%s", entry->d_name, name);
		unlinkat(dirfd(images), path, 0);
	}
}

/* A second name for a file that is there takes a fraction of what a new file does. */
static void make_note(int users, const char *name)
{
	_cleanup_close_ int note = -1;

	if (linkat(users, "../about.json", users, name, 0) == 0 || errno == EEXIST)
		return;
	note = openat(users, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

void image_note_use(const struct bundle *b)
{
	_cleanup_(use_namespaces_free) struct use_namespaces n = {0};
	_cleanup_close_ int users = -1;
	struct stat st;
	char name[32];

	if (!b->users || stat("/proc/self/ns/mnt", &st) < 0)
		return;
	users = open(b->users, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (users < 0)
		return;
	snprintf(name, sizeof(name), "%llu", (unsigned long long)st.st_ino);
	forget_elsewhere(b, name);
	make_note(users, name);
	futimens(users, NULL);
	if (has_many(users) && use_namespaces_read(&n) == 0)
		use_is_noted(b->users, &n);
}
