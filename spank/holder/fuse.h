/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SquashFS image as a mount, by squashfuse: the kernel mounts that file system only for root. The
 * server is a process of the user's in the container's user namespace and the host's mount
 * namespace; it ends when the mount does, or when the keeper ends it. */
#ifndef SPANK_HOLDER_FUSE_H
#define SPANK_HOLDER_FUSE_H

#include <sys/types.h>

#include "common/error.h"
#include "spank/holder/bundle.h"
#include "spank/holder/keeper.h"

struct fuse {
	pid_t server; /* a child, 0 if there is none */
	int device;
	int go;	    /* to the server: the mount is there */
	int words;  /* what it says on its standard error */
	int handle; /* a pidfd of the server */
};
#define FUSE_INIT ((struct fuse){.device = -1, .go = -1, .words = -1, .handle = -1})

/* Get the server of b->squashfs ready. To be called between namespace_enter_user() and
 * namespace_enter_mount(). Returns 0, or -1 with err filled. */
int fuse_start(struct fuse *f, const struct bundle *b, struct error *err);

/* Mount it at the folder target, read-only, and wait until it answers. Returns 0, or -1 with err
 * filled with what the server said. */
int fuse_mount(struct fuse *f, const char *target, struct error *err);

/* Have the keeper stop the server at the end. f has to live as long as the keeper. */
void fuse_keep(struct fuse *f, struct keeper *k);

#endif
