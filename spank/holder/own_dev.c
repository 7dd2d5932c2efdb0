/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/own_dev.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool own_dev_needed(const struct bundle *b)
{
	struct stat st;

	for (size_t i = 0; i < b->mount_count; i++) {
		const char *path = b->mounts[i].destination;
		char first[PATH_MAX];

		if (strncmp(path, "/dev/", 5))
			continue;
		snprintf(first, sizeof(first), "%.*s", 5 + (int)strcspn(path + 5, "/"), path);
		if (lstat(first, &st) < 0 && errno == ENOENT)
			return true;
	}
	return false;
}

static int add_entry(struct mount_plan *plan, const char *name, struct error *err)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/dev/%s", name);
	n = readlink(path, target, sizeof(target) - 1);
	if (n >= 0) {
		target[n] = '\0';
		return mount_plan_add_link(plan, path, target, err);
	}
	if (mount_plan_add_in_tmpfs(plan, path, err) == 0)
		return 0;
	/* A device that has gone meanwhile. */
	return access(path, F_OK) < 0 && errno == ENOENT ? 0 : -1;
}

int own_dev_add(struct mount_plan *plan, struct error *err)
{
	_cleanup_closedir_ DIR *dev = opendir("/dev");
	struct dirent *entry;
	size_t count = 0;

	if (!dev)
		return error_errno(err, "/dev");
	if (mount_plan_add_tmpfs(plan, "/dev", err) < 0)
		return -1;
	while ((entry = readdir(dev))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (++count > OWN_DEV_MAX)
			return error_set(err, E2BIG, "/dev has more than %d names", OWN_DEV_MAX);
		if (add_entry(plan, entry->d_name, err) < 0)
			return -1;
	}
	return 0;
}
