/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user's own folder on a node, STATE/UID: cached images, named containers, what a step leaves on
 * disk while it runs. */
#ifndef SPANK_USER_FOLDER_H
#define SPANK_USER_FOLDER_H

#include <stddef.h>
#include <sys/types.h>

#include "common/error.h"

/* Make STATE/UID, the user's and of mode 0700, if it isn't there. To be called as root: only root
 * can write to STATE, so nobody can put anything in its place. path: filled in whatever happens.
 * Returns 0, or -1 with err filled. */
int user_folder_make(const char *state, uid_t uid, gid_t gid, char *path, size_t size,
		     struct error *err);

#endif
