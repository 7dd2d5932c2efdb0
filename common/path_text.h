/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths as texts: nothing is looked up, links are not known. */
#ifndef COMMON_PATH_TEXT_H
#define COMMON_PATH_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Make path absolute, by putting cwd before a relative one, and take ".", ".." and doubled slashes
 * out. cwd may be NULL. Returns 0, or -1 if it doesn't fit, or is relative and cwd isn't absolute.
 */
int path_text_join(const char *cwd, const char *path, char *dest, size_t size);

/* Whether one of its parts is "..". */
bool path_text_has_parent(const char *path);

/* Whether path is folder or below it. Both absolute, as path_text_join() makes them. */
bool path_text_is_in(const char *path, const char *folder);

#endif
