/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/step_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/remove_tree.h"

static int remove_folder(void *argument, struct error *err)
{
	struct step_folder *f = argument;

	return remove_tree(AT_FDCWD, f->path, err);
}

/* Held by this process and by the keeper, which is forked from it: as long as one of them lives,
 * nobody sweeps the folder away. Never closed. */
static int take_lock(const struct step_folder *f, struct error *err)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/lock", f->path) >= (int)sizeof(path))
		return error_set(err, ENAMETOOLONG, "%s: the path is too long", f->path);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return error_errno(err, "%s", path);
	return 0;
}

int step_folder_make(struct step_folder *f, const struct request *r, struct keeper *k,
		     struct error *err)
{
	char path[PATH_MAX];

	if (f->path[0])
		return 0;
	if ((size_t)snprintf(path, sizeof(path), "%s/steps", r->state) >= sizeof(path) - 64)
		return error_set(err, ENAMETOOLONG, "%s: the path is too long", r->state);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_errno(err, "%s", path);
	snprintf(f->path, sizeof(f->path), "%.4000s/%.60s", path, r->step);
	/* A requeued job has the same number: what a crash has left there is nobody's. */
	if (remove_tree(AT_FDCWD, f->path, err) < 0 || mkdir(f->path, 0700) < 0) {
		f->path[0] = '\0';
		return error_errno(err, "the step's folder %s/%s", path, r->step);
	}
	if (take_lock(f, err) < 0)
		return -1;
	keeper_add(k, "removing the step's folder", remove_folder, f, true);
	return 0;
}

int step_folder_add(const struct step_folder *f, const char *name, char *dest, struct error *err)
{
	if (snprintf(dest, PATH_MAX, "%s/%s", f->path, name) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "%s: the path is too long", f->path);
	/* The step's folder lets in only the user; what is in it may become a root that has to look
	 * right. */
	if (mkdir(dest, 0755) < 0)
		return error_errno(err, "%s", dest);
	return 0;
}
