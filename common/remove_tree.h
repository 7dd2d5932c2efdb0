/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing a folder with all that is in it, whatever an archive has put there: folders without any
 * permission, links to anywhere, folders nested thousands deep. */
#ifndef COMMON_REMOVE_TREE_H
#define COMMON_REMOVE_TREE_H

#include "common/error.h"

/* Remove the file, link or folder name in the folder open at parent (AT_FDCWD: name is a path). No
 * link is followed. What is mounted in it is left alone, which is an error. That it isn't there is
 * none. It goes on after a failure and removes what it can. With the caller's rights: of another
 * user's folder call it as that user. Returns 0, or -1 with err filled with the first thing that
 * was wrong. */
int remove_tree(int parent, const char *name, struct error *err);

#endif
