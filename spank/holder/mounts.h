/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is mounted in the container besides its root: held as detached trees while the host's file
 * systems are in sight, attached when only the container's are. So no link in an image can make a
 * mount land outside it. */
#ifndef SPANK_HOLDER_MOUNTS_H
#define SPANK_HOLDER_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "spank/holder/bundle.h"
#include "spank/holder/skeleton.h"

struct mount_plan {
	struct planned_mount *items;
	size_t count;
	size_t size;
	struct buffer links; /* to be made at the end: path, target, each with its NUL */
};

/* Add what every container gets, at the same path as on the host: /dev (unless own_dev: then
 * own_dev_add() has added one), /proc, /sys and /tmp; the folders that TMPDIR and
 * PMIX_SERVER_TMPDIR name, and spool (may be NULL), if they are elsewhere.
 * Returns 0, or -1 with err filled. */
int mount_plan_add_host(struct mount_plan *plan, bool own_dev, const char *spool,
			struct error *err);

/* Add a tmpfs that belongs to root, in which others can be mounted and links be made. */
int mount_plan_add_tmpfs(struct mount_plan *plan, const char *destination, struct error *err);

/* Add a file or folder at its own path, which is in such a tmpfs. Returns 0, or -1 with err filled.
 */
int mount_plan_add_in_tmpfs(struct mount_plan *plan, const char *path, struct error *err);

/* Add a symbolic link in it. Returns 0, or -1 with err filled. */
int mount_plan_add_link(struct mount_plan *plan, const char *path, const char *target,
			struct error *err);

/* Add the mounts of a bundle's config.json. Returns 0, or -1 with err filled. */
int mount_plan_add_bundle(struct mount_plan *plan, const struct bundle *b, struct error *err);

/* Add one file or folder, where a mount point that is missing is no error. */
int mount_plan_add_optional(struct mount_plan *plan, const char *source, const char *destination,
			    struct error *err);

/* Resolve the mount points and make those that the image lacks. Returns 0, or -1 with err filled. */
int mount_plan_make_points(struct mount_plan *plan, const struct skeleton *s, struct error *err);

/* With the container's root as "/": mount all in order. why_no_points: NULL, or why the image's
 * missing mount points could not be made, for the message. Returns 0, or -1 with err filled. */
int mount_plan_attach(struct mount_plan *plan, const char *why_no_points, struct error *err);

void mount_plan_free(struct mount_plan *plan);
#define _cleanup_mount_plan_ _cleanup_(mount_plan_free)

#endif
