/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Turning an image into the root of this mount namespace. */
#ifndef SPANK_HOLDER_ROOT_H
#define SPANK_HOLDER_ROOT_H

#include "common/error.h"
#include "spank/holder/bundle.h"

/* Build the container's file systems and make them "/", the host's being out of sight afterwards.
 * To be called after namespace_enter(). spool: the folder of the batch script, or NULL.
 * Returns 0, or -1 with err filled; then the namespace is good for nothing but leaving. */
int root_build(const struct bundle *b, const char *spool, struct error *err);

#endif
