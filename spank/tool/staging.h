/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making an image's folder in a cache: what the kinds of images have in common, and what each does.
 */
#ifndef SPANK_TOOL_STAGING_H
#define SPANK_TOOL_STAGING_H

#include "spank/image/source.h"
#include "spank/tool/progress.h"
#include "spank/tool/tool.h"

struct staging {
	const struct tool *tool;
	struct image_source source;
	struct progress progress;
	char partial[PATH_MAX]; /* images/.partial-KEY, made anew */
	struct layout_manifest
		manifest; /* of a layout or docker image: its layers and their sizes */
	uint64_t size;	  /* what it takes on disk, once it is there */
};

/* Ask the registry what the tag or index means on this node: fills in source.manifest and key.
 * Returns 0, or -1 with err filled. */
int staging_resolve(struct staging *s, struct error *err);

/* Each makes partial/rootfs, and partial/image.json if there is a configuration. Return 0, or -1
 * with err filled. */
int staging_docker(struct staging *s, struct error *err);
int staging_layout(struct staging *s, struct error *err);
int staging_squashfs(struct staging *s, struct error *err);

/* Unpack partial/layout, which holds the one image tagged "image", and take its configuration.
 * Returns 0, or -1 with err filled. */
int staging_unpack(struct staging *s, struct error *err);

/* Call progress_tell with what process pid has read so far, of total. */
void staging_tell_read(struct progress *p, pid_t pid, uint64_t total);

/* Write text to the file name in partial. Returns 0, or -1 with err filled. */
int staging_write(const struct staging *s, const char *name, const char *text, size_t len,
		  struct error *err);

/* Take the setuid and setgid bits off all files in partial: in a folder that others reach, on the
 * host, they would give them the rights of who staged it. In a container they give none. Returns 0,
 * or -1 with err filled. */
int staging_clear_setuid(const struct staging *s, struct error *err);

#endif
