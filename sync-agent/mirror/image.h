/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job's container as Slurm has it, "NAME:TAG@sha256:..." where its tag was pinned. */
#ifndef MIRROR_IMAGE_H
#define MIRROR_IMAGE_H

#include <stdbool.h>

#include "common/image_reference.h"

#define IMAGE_MAX 4096

/* Take the digest off. asked: what was asked for, at most IMAGE_MAX bytes with the NUL. A name
 * without a tag keeps its digest, since it may have been asked for by it. digest: IMAGE_DIGEST_MAX
 * bytes, "" if there is none. */
void image_split(const char *container, char *asked, char *digest);

/* Whether both name the same image, one of them perhaps pinned. */
bool image_same(const char *a, const char *b);

#endif
