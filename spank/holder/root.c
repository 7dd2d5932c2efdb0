/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The container's root is an overlay: the image below, then a layer of ours with the mount points and
 * /etc files that it lacks, then, unless the image is read-only, a tmpfs that takes what tasks write
 * and goes away with them. */
#include "spank/holder/root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "spank/holder/mount_api.h"
#include "spank/holder/mounts.h"
#include "spank/holder/skeleton.h"

/* Any folder that every host has: in this mount namespace our tmpfs can cover it for a moment. */
#define SCRATCH "/tmp"

static const char *const etc_files[] = { "resolv.conf", "hosts", "passwd", "group" };

static int make_scratch(struct error *err)
{
	static const char *const folders[] = { "root", "layer", "upper", "work" };

	if (mount("slurm-kube", SCRATCH, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
		return error_errno(err, "a tmpfs to build on");
	if (chdir(SCRATCH) < 0)
		return error_errno(err, "%s", SCRATCH);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (mkdir(folders[i], 0755) < 0)
			return error_errno(err, "%s/%s", SCRATCH, folders[i]);
	return 0;
}

/* The image by descriptor: its path may hold the ':' and ',' that mean something to overlayfs. */
static int mount_overlay(const struct bundle *b, int image, struct error *err)
{
	char data[256];

	snprintf(data, sizeof(data), "userxattr,lowerdir=layer:/proc/self/fd/%d%s", image,
		 b->read_only ? "" : ",upperdir=upper,workdir=work");
	if (mount("slurm-kube", "root", "overlay", 0, data) < 0)
		return error_errno(err, "overlayfs");
	return 0;
}

/* Where overlayfs won't: the image itself, read-only, and our /etc files over those that it has. */
static int mount_plain(const struct bundle *b, struct mount_plan *plan, struct error *err)
{
	struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
	_cleanup_close_ int tree = open_tree(AT_FDCWD, b->rootfs,
					     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

	if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &read_only, sizeof(read_only)) < 0 ||
	    move_mount(tree, "", AT_FDCWD, "root", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_errno(err, "mounting %s", b->rootfs);
	for (size_t i = 0; i < ARRAY_SIZE(etc_files); i++) {
		char source[64], destination[64];

		snprintf(source, sizeof(source), "layer/etc/%s", etc_files[i]);
		snprintf(destination, sizeof(destination), "/etc/%s", etc_files[i]);
		mount_plan_add_optional(plan, source, destination, NULL);
	}
	return 0;
}

static int enter_root(struct error *err)
{
	/* The old root ends up under the new one, at the same place, and is let go at once. */
	if (chdir("root") < 0 || pivot_root(".", ".") < 0)
		return error_errno(err, "pivot_root");
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return error_errno(err, "letting go of the host's root");
	return 0;
}

static int make_layer(const struct bundle *b, int image, struct mount_plan *plan, struct error *err)
{
	_cleanup_close_ int layer = open("layer", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct skeleton s = { .image = image, .layer = layer };
	char resolved[PATH_MAX];

	if (layer < 0)
		return error_errno(err, "%s/layer", SCRATCH);
	if (skeleton_etc(&s, err) < 0 || mount_plan_make_points(plan, &s, err) < 0)
		return -1;
	if (b->cwd[0] && b->cwd[strspn(b->cwd, "/")] &&
	    skeleton_mount_point(&s, b->cwd, true, resolved, err) < 0)
		return error_wrap(err, "config.json: process.cwd %s", b->cwd);
	return 0;
}

int root_build(const struct bundle *b, const char *spool, struct error *err)
{
	_cleanup_mount_plan_ struct mount_plan plan = { 0 };
	_cleanup_close_ int image = open(b->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct error no_overlay = { 0 };

	if (image < 0)
		return error_errno(err, "its root file system %s", b->rootfs);
	if (mount_plan_add_host(&plan, spool, err) < 0 || mount_plan_add_bundle(&plan, b, err) < 0)
		return -1;
	if (make_scratch(err) < 0 || make_layer(b, image, &plan, err) < 0)
		return -1;
	if (mount_overlay(b, image, &no_overlay) < 0 && mount_plain(b, &plan, err) < 0)
		return -1;
	if (enter_root(err) < 0)
		return -1;
	return mount_plan_attach(&plan, no_overlay.code ? no_overlay.text : NULL, err);
}
