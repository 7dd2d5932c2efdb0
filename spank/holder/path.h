/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths inside an image, which may hold symbolic links that point anywhere. */
#ifndef SPANK_HOLDER_PATH_H
#define SPANK_HOLDER_PATH_H

#include <limits.h>
#include <sys/types.h>

#include "common/error.h"

struct path_resolved {
	char path[PATH_MAX]; /* relative to the root, without links, "." or ".."; "" for the root itself */
	mode_t mode;         /* of what is there, 0 if there is nothing */
};

/* Find out where path leads in the root file system open at root, never leaving it: ".." stops at
 * the root and absolute links count from it. Missing parts are taken as they are written.
 * Whoever changes the image meanwhile gets a wrong answer, but one that only names a place inside.
 * Returns 0, or -1 with err filled (too many links, a file where a folder has to be, not permitted). */
int path_resolve(int root, const char *path, struct path_resolved *ret, struct error *err);

/* The same for what will be put at path: only the folders that lead to it are followed. */
int path_resolve_parent(int root, const char *path, struct path_resolved *ret, struct error *err);

/* Is path the folder prefix, or below it? Both absolute, without "." and "..". */
int path_is_below(const char *path, const char *prefix);

#endif
