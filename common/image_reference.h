/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What --container takes, taken apart: "docker://[REGISTRY/]NAME[:TAG][@DIGEST]",
 * "oci:PATH[:TAG][@DIGEST]", or the path of a bundle, a root file system folder, a SquashFS or a
 * SIF file. Source: the reference grammar of github.com/distribution/reference, and
 * containers-transports(5). */
#ifndef COMMON_IMAGE_REFERENCE_H
#define COMMON_IMAGE_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

enum image_kind { IMAGE_PATH, IMAGE_OCI_LAYOUT, IMAGE_DOCKER };

#define IMAGE_DIGEST_MAX 72 /* "sha256:" and 64 digits, and a NUL */

struct image_reference {
	enum image_kind kind;
	char name[4096];	       /* docker: REGISTRY/NAME as written; else the path */
	char tag[129];		       /* "" if none was given */
	char digest[IMAGE_DIGEST_MAX]; /* "sha256:..." or "" */
};

/* Take apart what a user wrote. Nothing is looked up: the path need not exist. Control characters,
 * other transports
 * ("docker-archive:"), bad names, tags and digests are refused. Returns 0, or -1 with err filled.
 */
int image_reference_parse(const char *text, struct image_reference *ret, struct error *err);

/* Put it together again. Returns 0, or -1 if it doesn't fit into size. */
int image_reference_format(const struct image_reference *r, char *dest, size_t size);

/* Whether pinned is wanted with a digest added: the same but for that. Either may be anything, also
 * NULL. */
bool image_reference_is_pinned_form(const char *pinned, const char *wanted);

/* Whether text is a digest: "sha256:" and 64 lower-case hexadecimal digits. */
bool image_digest_is_valid(const char *text);

#endif
