/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking images out of a cache. */
#ifndef SPANK_TOOL_EVICT_H
#define SPANK_TOOL_EVICT_H

#include <stdint.h>

#include "spank/image/use.h"
#include "spank/tool/about.h"

/* Remove an image. Returns 1 if it is gone, 0 if it is in use, -1 with err filled. */
int evict_image(const char *images, const char *key, const struct use_namespaces *n,
		struct error *err);

/* Remove what was downloaded for images that are not there any more. Not while somebody is
 * staging. Returns the bytes freed. */
uint64_t evict_blobs(const char *images, const struct about_list *list);

/* Bring the cache down to its limit: blobs that no image has, then least recently used images, but
 * none in use, and not keep (NULL: none). Returns 0, or -1 with err filled. */
int evict_to_limit(const struct tool *t, const char *keep, struct error *err);

/* Remove what interrupted stagings and removals have left. Returns 0, or -1 with err filled. */
int evict_leftovers(const char *images, struct error *err);

#endif
