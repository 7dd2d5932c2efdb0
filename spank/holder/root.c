/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The container's root is an overlay: the image below, then a layer of ours with the mount points
 * and /etc files that it lacks, then, unless it is read-only, what tasks write: a tmpfs that goes
 * away with them, or a folder on disk for what is kept. */
#include "spank/holder/root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "spank/holder/mount_api.h"
#include "spank/holder/own_dev.h"
#include "spank/holder/host_program.h"
#include "spank/holder/skeleton.h"
#include "spank/holder/slurm_commands.h"

static const char *const etc_files[] = {"resolv.conf", "hosts", "passwd", "group"};

static int make_scratch(struct error *err)
{
	static const char *const folders[] = {"root", "image", "layer", "upper", "work"};

	if (mount("slurm-kube", ROOT_SCRATCH, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
		return error_errno(err, "a tmpfs to build on");
	if (chdir(ROOT_SCRATCH) < 0)
		return error_errno(err, "%s", ROOT_SCRATCH);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (mkdir(folders[i], 0755) < 0)
			return error_errno(err, "%s/%s", ROOT_SCRATCH, folders[i]);
	return 0;
}

/* All folders by descriptor: a path may hold the ':' and ',' that mean something to overlayfs. */
static int mount_overlay(const struct root *r, struct error *err)
{
	_cleanup_close_ int upper =
		open(r->upper ? r->upper : "upper", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int work =
		open(r->work ? r->work : "work", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char data[256];
	int n;

	if (upper < 0 || work < 0)
		return error_errno(err, "the folder for what is written, %s",
				   r->upper ? r->upper : "upper");
	n = snprintf(data, sizeof(data), "userxattr,lowerdir=layer:/proc/self/fd/%d", r->image);
	if (!r->bundle->read_only)
		snprintf(data + n, sizeof(data) - n,
			 ",upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d", upper, work);
	if (mount("slurm-kube", "root", "overlay", 0, data) < 0)
		return error_errno(err, "overlayfs");
	return 0;
}

/* Where overlayfs won't: the image itself, read-only, and our /etc files over those that it has. */
static int mount_plain(struct root *r, struct error *err)
{
	struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
	_cleanup_close_ int tree = open_tree(
		r->image, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

	if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &read_only, sizeof(read_only)) < 0 ||
	    move_mount(tree, "", AT_FDCWD, "root", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_errno(err, "mounting it");
	for (size_t i = 0; i < ARRAY_SIZE(etc_files); i++) {
		char source[64], destination[64];

		snprintf(source, sizeof(source), "layer/etc/%s", etc_files[i]);
		snprintf(destination, sizeof(destination), "/etc/%s", etc_files[i]);
		mount_plan_add_optional(&r->plan, source, destination, NULL);
	}
	return 0;
}

static int enter_root(const char *place, struct error *err)
{
	/* The old root ends up under the new one, at the same place, and is let go at once. */
	if (chdir(place) < 0 || pivot_root(".", ".") < 0)
		return error_errno(err, "pivot_root");
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return error_errno(err, "letting go of the host's root");
	return 0;
}

static int make_layer(struct root *r, struct error *err)
{
	const struct bundle *b = r->bundle;
	_cleanup_close_ int layer = open("layer", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct skeleton s = {
		.image = r->image,
		.layer = layer,
		.uid = r->uid,
		.gid = r->gid,
		.host_users = b->slurm_loader,
	};
	char resolved[PATH_MAX];

	if (layer < 0)
		return error_errno(err, "%s/layer", ROOT_SCRATCH);
	if (slurm_commands_link(&s, b, err) < 0 || skeleton_etc(&s, err) < 0 ||
	    mount_plan_make_points(&r->plan, &s, err) < 0)
		return -1;
	if (!b->cwd_must_exist && b->cwd[0] && b->cwd[strspn(b->cwd, "/")] &&
	    skeleton_mount_point(&s, b->cwd, true, resolved, err) < 0)
		return error_wrap(err, "its working folder %s", b->cwd);
	return 0;
}

/* An image that is to be written and that no overlay can be laid over: a copy of it, with our
 * layer. */
static int copy_image(struct root *r, struct error *err)
{
	char image[64];
	const char *const sources[] = {image, "layer/."};

	snprintf(image, sizeof(image), "/proc/self/fd/%d/.", r->image);
	fcntl(r->image, F_SETFD, 0);
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		const char *const argv[] = {"cp",
					    "-dR",
					    "--preserve=mode,timestamps,links",
					    "--reflink=auto",
					    sources[i],
					    r->copy,
					    NULL};

		if (host_program_run(argv, err) < 0)
			return error_wrap(err,
					  "it is to be written to, and an overlay over it is not "
					  "possible (%s); "
					  "copying it",
					  r->no_overlay.text);
	}
	if (mount(r->copy, "root", NULL, MS_BIND, NULL) < 0)
		return error_errno(err, "mounting the copy %s", r->copy);
	return 0;
}

/* The image's root, which may have to be mounted first. */
static int open_image(struct root *r, struct fuse *fuse, struct error *err)
{
	if (fuse && fuse_mount(fuse, "image", err) < 0)
		return -1;
	if (r->image < 0)
		r->image =
			open(fuse ? "image" : r->bundle->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return r->image < 0 ? error_errno(err, "its root file system %s", r->bundle->rootfs) : 0;
}

int root_prepare(struct root *r, struct fuse *fuse, const char *spool, struct error *err)
{
	if (!fuse && open_image(r, NULL, err) < 0)
		return -1;
	if ((own_dev_needed(r->bundle) && own_dev_add(&r->plan, err) < 0) ||
	    mount_plan_add_host(&r->plan, own_dev_needed(r->bundle), spool, err) < 0 ||
	    mount_plan_add_bundle(&r->plan, r->bundle, err) < 0)
		return -1;
	if (make_scratch(err) < 0 || (fuse && open_image(r, fuse, err) < 0))
		return -1;
	if (make_layer(r, err) < 0)
		return -1;
	mount_overlay(r, &r->no_overlay);
	return 0;
}

int root_without_overlay(struct root *r, const char *copy, struct error *err)
{
	r->copy = copy;
	return copy ? copy_image(r, err) : mount_plain(r, err);
}

int root_move(struct root *r, const char *place, struct error *err)
{
	_cleanup_close_ int host = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	/* With the container's root as "/", so that no link in it leads a mount to the host. */
	if (host < 0 || chroot("root") < 0 || chdir("/") < 0)
		return error_errno(err, "chroot");
	if (mount_plan_attach(&r->plan, r->no_overlay.code ? r->no_overlay.text : NULL, err) < 0)
		return -1;
	if (fchdir(host) < 0 || chroot(".") < 0)
		return error_errno(err, "chroot");
	if (mount(ROOT_SCRATCH "/root", place, NULL, MS_MOVE, NULL) < 0)
		return error_errno(err, "moving the root to %s", place);
	if (umount2(ROOT_SCRATCH, MNT_DETACH) < 0)
		return error_errno(err, "uncovering " ROOT_SCRATCH);
	r->place = place;
	return 0;
}

int root_enter(struct root *r, struct error *err)
{
	if (r->place)
		return enter_root(r->place, err);
	if (enter_root("root", err) < 0)
		return -1;
	return mount_plan_attach(&r->plan, r->no_overlay.code ? r->no_overlay.text : NULL, err);
}

void root_free(struct root *r)
{
	closep(&r->image);
	mount_plan_free(&r->plan);
	*r = ROOT_INIT;
}
