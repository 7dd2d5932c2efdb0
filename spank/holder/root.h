/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Turning an image into the root of this mount namespace. */
#ifndef SPANK_HOLDER_ROOT_H
#define SPANK_HOLDER_ROOT_H

#include "common/error.h"
#include "spank/holder/bundle.h"
#include "spank/holder/fuse.h"
#include "spank/holder/mounts.h"

/* Where the holder builds: any folder that every host has, since in its mount namespace a tmpfs can
 * cover it. */
#define ROOT_SCRATCH "/sys"

struct root {
	const struct bundle *bundle;
	int image;	   /* the image's root folder, open */
	const char *upper; /* what tasks write goes here, with work beside it on the same file
			      system; NULL: to memory */
	const char *work;
	const char *copy; /* the copy that stands for the image and what is written, or NULL */
	uid_t uid;	  /* the user's numbers, as tasks will see them */
	gid_t gid;
	const char *place; /* where the root has been moved to, or NULL */
	struct mount_plan plan;
	struct error no_overlay; /* code 0 if there is one */
};
#define ROOT_INIT ((struct root){.image = -1})

/* Build the container's root at ROOT_SCRATCH "/root", and take hold of all that will be mounted in
 * it. bundle, and what else is wanted, has to be set. fuse: a server that serves the image, or
 * NULL. To be called in new namespaces. Returns 0, or -1 with err filled; then the namespace is
 * good for nothing but leaving. */
int root_prepare(struct root *root, struct fuse *fuse, const char *spool, struct error *err);

/* Where root->no_overlay says that overlayfs won't: copy the image to the folder copy, to be
 * written to; or without one (NULL) the image itself, read-only. Returns as root_prepare(). */
int root_without_overlay(struct root *root, const char *copy, struct error *err);

/* Move it, with all that is to be mounted in it, to the folder place of the host's, which is in
 * sight again as a whole: for who wants to see the container's root before it is entered. Returns
 * as root_prepare(). */
int root_move(struct root *root, const char *place, struct error *err);

/* Make it "/", the host's being out of sight afterwards, and mount the rest. Returns as
 * root_prepare(). */
int root_enter(struct root *root, struct error *err);

void root_free(struct root *root);

#endif
