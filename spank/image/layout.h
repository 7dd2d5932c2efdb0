/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OCI image layouts and manifests, read only. Source: OCI image-spec 1.1, image-layout.md,
 * image-index.md and manifest.md. */
#ifndef SPANK_IMAGE_LAYOUT_H
#define SPANK_IMAGE_LAYOUT_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/image_reference.h"

#define LAYOUT_JSON_MAX (4 * 1024 * 1024) /* of an index or manifest */
#define LAYOUT_LAYERS_MAX 1024

struct layout_blob {
	char digest[IMAGE_DIGEST_MAX];
	uint64_t size;
};

struct layout_manifest {
	struct layout_blob config;
	struct layout_blob *layers;
	size_t count;
	uint64_t size; /* of all layers */
};

/* Find an image in the layout at path: by digest, else by tag, else the only one there is. Of an
 * image for several architectures it is the one for this node's. ret: the manifest's digest and
 * size. Returns 0, or -1 with err filled. */
int layout_find(const char *path, const struct image_reference *r, struct layout_blob *ret,
		struct error *err);

/* Choose from the text of an index the manifest for this node. Returns 1 if ret was filled, 0 if
 * the text is no index but a manifest, -1 with err filled. */
int layout_choose(const char *text, size_t len, struct layout_blob *ret, struct error *err);

/* Read a blob of the layout at path, whose size is bounded by max, into *ret, which the caller
 * frees. Returns 0, or -1 with err filled. Nothing checks the digest: umoci does when it unpacks.
 */
int layout_read(const char *path, const char *digest, size_t max, char **ret, size_t *len,
		struct error *err);

/* Take a manifest apart, an OCI one or Docker's. Returns 0, or -1 with err filled and ret empty. */
int layout_manifest_parse(const char *text, size_t len, struct layout_manifest *ret,
			  struct error *err);
void layout_manifest_free(struct layout_manifest *m);

/* The path of a blob in the layout at path. Returns 0, or -1 if it is too long. */
int layout_blob_path(const char *path, const char *digest, char dest[PATH_MAX]);

/* This node's architecture as images name it: "amd64". */
const char *layout_architecture(void);

#endif
