/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A /dev of the container's own, made of all that the host has in its: where a device is to have a
 * name that the host's /dev doesn't know, and in which no user can make one. */
#ifndef SPANK_HOLDER_OWN_DEV_H
#define SPANK_HOLDER_OWN_DEV_H

#include <stdbool.h>

#include "spank/holder/bundle.h"
#include "spank/holder/mounts.h"

#define OWN_DEV_MAX 4096 /* names in /dev */

/* Is there a mount at a name that the host's /dev doesn't have? */
bool own_dev_needed(const struct bundle *b);

/* Add it to what will be mounted. Returns 0, or -1 with err filled. */
int own_dev_add(struct mount_plan *plan, struct error *err);

#endif
