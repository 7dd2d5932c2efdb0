/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The images of a cache, as their about.json tells. */
#ifndef SPANK_TOOL_ABOUT_H
#define SPANK_TOOL_ABOUT_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "spank/image/cache.h"
#include "spank/tool/staging.h"

struct about {
	char key[CACHE_KEY_MAX];
	char *name; /* as it was asked for first */
	uint64_t size;
	time_t used;  /* last */
	char **blobs; /* digests of its layers and configuration; ends in NULL */
	bool tried;   /* for whoever goes through the list */
};

struct about_list {
	struct about *items;
	size_t count;
};

/* Write partial/about.json; fills in s->size. Returns 0, or -1 with err filled. */
int about_write(struct staging *s, struct error *err);

/* Read what is in a cache; damaged ones have size 0 and no name. Returns 0, or -1 with err filled.
 */
int about_list_read(const char *images, struct about_list *ret, struct error *err);
void about_list_free(struct about_list *list);

/* Bytes that a folder takes on disk. What can't be looked at counts nothing. */
uint64_t about_size_of(int parent, const char *name);

#endif
