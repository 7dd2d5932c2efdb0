/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One item of --container-mounts: "SRC:DST[:FLAG+FLAG...]", "SRC" for the same path on both sides,
 * or "tmpfs:DST[:FLAG+...]". A backslash takes the meaning from a ':', ',' or '\' in a path. */
#ifndef COMMON_CONTAINER_MOUNT_H
#define COMMON_CONTAINER_MOUNT_H

#include <stdbool.h>

#include "common/error.h"

struct container_mount {
	bool tmpfs;
	char source[4096];  /* as written, may begin with "~" or be relative; "" for a tmpfs */
	char target[4096];  /* as written: absolute, or like source where the item has but one part
			     */
	char options[1024]; /* "ro+nosuid"; "" for none */
};

/* Read the next item of a list. *rest: where to go on, moved past the item; it points to "" after
 * the last one. Returns 1 if ret was filled, 0 at the end, -1 with err filled (which item, and what
 * is wrong with it). */
int container_mount_next(const char **rest, struct container_mount *ret, struct error *err);

#endif
