/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the name that --container was given to a bundle: images of all kinds. */
#ifndef SPANK_IMAGE_IMAGE_H
#define SPANK_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "spank/holder/bundle.h"
#include "spank/image/source.h"

struct image_request {
	const char *image;	 /* as the user wrote it, perhaps with a digest added */
	const char *state;	 /* the user's own folder on this node */
	const char *step;	 /* "JOB.STEP" */
	const char *site;	 /* the site's read-only image folders, "/a:/b", or NULL */
	const char *cache_limit; /* as size_parse() takes it, or NULL for the default */
	bool no_fuse;		 /* unpack a SquashFS even if it could be mounted */
};

/* Open an image. One that is in a cache, a bundle or a folder is there at once. Others are staged
 * first: `kube-container stage` is started and waited for; it tells its progress on standard error.
 * ret: set only on success; the caller frees it with bundle_free(), and holds a cached image by its
 * lock until then. Returns 0, or -1 with err filled; the caller says which image. */
int image_open(const struct image_request *q, struct bundle **ret, struct error *err);

/* Note that the calling process's mount namespace uses b, if b is from the user's cache: so it
 * isn't removed while a process is in that namespace, whether or not b's lock is held. To be called
 * once the namespace exists, while the host's files are in sight. A failure is no error: the lock
 * is held for now. */
void image_note_use(const struct bundle *b);

/* Whether this user can mount a SquashFS here: /dev/fuse may be opened and squashfuse is there. */
bool image_fuse_usable(void);

/* Find a program in PATH, then where distributions have them. Returns 0, or -1 if there is none. */
int image_find_program(const char *name, char path[PATH_MAX]);

#endif
