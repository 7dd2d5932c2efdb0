/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unpacked images on this node: the user's own cache, and the site's read-only folders.
 *
 * STATE/UID/images/KEY/		an image, complete: it was renamed to this name
 *	rootfs/				its files
 *	image.json			its OCI configuration, if it has one
 *	about.json			what it is, for `kube-container images`
 *	fresh				the boot in which it was staged, for its first minutes
 *	users/INODE			a name for each mount namespace it was used in
 * STATE/UID/images/KEY -> KEY		an index's digest, and the manifest it means on this node
 *	.blobs/sha256/			what was downloaded, shared by images
 *	.locks/KEY, .locks/KEY.stage	see below
 *	.names/HASH			which digest a tag had when a job first used it
 *	.partial-KEY/, .trash-...	being made, being removed
 *
 * KEY is "sha256-..." for a manifest's digest, or "file-..." for a SquashFS file. Who uses an image
 * holds .locks/KEY shared; who removes it, exclusive, and only for as long as a rename takes. Who
 *makes it holds .locks/KEY.stage. A site's folder holds KEY/ alone, and needs neither locks nor
 *users. */
#ifndef SPANK_IMAGE_CACHE_H
#define SPANK_IMAGE_CACHE_H

#include <limits.h>
#include <stdbool.h>

#include "common/error.h"
#include "common/image_reference.h"

#define CACHE_KEY_MAX 128

struct cached_image {
	char path[PATH_MAX]; /* of its folder */
	char key[CACHE_KEY_MAX];
	int lock;  /* descriptor that holds its shared lock, or -1 in a site's folder */
	bool site; /* in one of the site's folders */
};

/* "sha256:..." to the key. */
void cache_key_of_digest(const char *digest, char key[CACHE_KEY_MAX]);

/* The digest of a key; "" if it is a file's. */
void cache_digest_of_key(const char *key, char digest[IMAGE_DIGEST_MAX]);

/* Whether a folder's name is a key. */
bool cache_key_is_valid(const char *name);

/* The text of the fresh file for an image that is staged now; at most 64 bytes. Nothing waits until
 * an image is on disk: if the node crashes in its first minutes, it is staged anew. */
void cache_boot(char dest[64]);

/* Look for an image in the site's folders ("/a:/b" or NULL), then in images, the user's cache.
 * Returns 1 if ret was filled (close ret->lock), 0 if it isn't there, -1 with err filled. */
int cache_find(const char *images, const char *site, const char *key, struct cached_image *ret,
	       struct error *err);

enum cache_lock_mode { CACHE_SHARED, CACHE_EXCLUSIVE, CACHE_TRY_EXCLUSIVE };

/* Lock images/.locks/NAME, which is made if need be. Returns a descriptor that holds the lock, or
 * -1 with err filled (EWOULDBLOCK: CACHE_TRY_EXCLUSIVE, and another has it). */
int cache_lock(const char *images, const char *name, enum cache_lock_mode mode, struct error *err);

/* The digest that job's reference had when it first used it on this node. Returns 1 if digest was
 * filled, 0 if it isn't known. */
int cache_name_get(const char *images, const char *job, const char *reference,
		   char digest[IMAGE_DIGEST_MAX]);

/* Note it. Returns 0, or -1 with err filled. */
int cache_name_set(const char *images, const char *job, const char *reference, const char *digest,
		   struct error *err);

/* The file's name for that note, in .names. */
void cache_name_file(const char *job, const char *reference, char dest[32]);

#endif
