/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A step's container on a node, from what was asked for to a process that stands in it. */
#ifndef SPANK_HOLDER_CONTAINER_H
#define SPANK_HOLDER_CONTAINER_H

#include "common/error.h"
#include "spank/holder/bundle.h"
#include "spank/holder/fuse.h"
#include "spank/holder/keeper.h"
#include "spank/holder/named.h"
#include "spank/holder/oci.h"
#include "spank/holder/request.h"
#include "spank/holder/root.h"
#include "spank/holder/save.h"
#include "spank/holder/step_folder.h"

struct container {
	struct request request;
	struct bundle *bundle;
	struct named named;
	struct step_folder folder;
	char upper[PATH_MAX], work[PATH_MAX], copy[PATH_MAX];
	struct fuse fuse;
	struct root root;
	struct save save;
	struct oci oci;
	struct keeper keeper;
};
#define CONTAINER_INIT                                                                             \
	((struct container){                                                                       \
		.named = NAMED_INIT, .fuse = FUSE_INIT, .root = ROOT_INIT, .keeper = KEEPER_INIT})

/* Make c->request's container, or join the one that it names and that runs already; afterwards the
 * calling process is in it. Returns 0, or -1 with err filled: then nothing of it is left, or the
 * keeper sees to that. */
int container_make(struct container *c, struct error *err);

void container_free(struct container *c);

#endif
