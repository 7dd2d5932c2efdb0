/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a name given to --container stands for. A path is told by what is there, not by its suffix.
 */
#ifndef SPANK_IMAGE_SOURCE_H
#define SPANK_IMAGE_SOURCE_H

#include <limits.h>
#include <stdint.h>

#include "common/error.h"
#include "common/image_reference.h"
#include "spank/image/cache.h"
#include "spank/image/layout.h"

enum image_source_kind {
	SOURCE_BUNDLE,	 /* a folder with a config.json */
	SOURCE_FOLDER,	 /* a root file system folder */
	SOURCE_LAYOUT,	 /* oci:PATH[:TAG][@DIGEST], or a folder with an oci-layout */
	SOURCE_SQUASHFS, /* a SquashFS file, or the one in a SIF file */
	SOURCE_DOCKER,	 /* docker://[REGISTRY/]NAME[:TAG][@DIGEST] */
};

struct image_source {
	enum image_source_kind kind;
	char name[4096];		  /* as it was given */
	struct image_reference reference; /* of a layout or docker image */
	char path[PATH_MAX];		  /* absolute, of all but docker images */
	uint64_t offset, length;	  /* of the SquashFS in the file */
	struct layout_blob manifest;	  /* if it is known; size 0 if that isn't */
	char key[CACHE_KEY_MAX]; /* its name in a cache; "" for a tag that nobody has asked for */
};

struct image_places {
	const char *images; /* the user's cache, STATE/UID/images; it need not exist */
	const char *site;   /* the site's read-only folders, "/a:/b", or NULL */
	const char *job;    /* its id, for the notes of what tags mean; "" for none */
};

/* Find out what name is, without using the network. A name without '/' that isn't in the working
 * folder is looked for in the site's folders. Returns 0, or -1 with err filled. */
int image_source_find(const struct image_places *places, const char *name, struct image_source *ret,
		      struct error *err);

#endif
