/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Saving a container's file system when its step has ended (--container-save): to a SquashFS file,
 * or to an image of an OCI layout ("oci:PATH[:TAG]"). What the host mounts into a container isn't
 * part of it. */
#ifndef SPANK_HOLDER_SAVE_H
#define SPANK_HOLDER_SAVE_H

#include <limits.h>

#include "common/error.h"
#include "common/image_reference.h"
#include "spank/holder/keeper.h"
#include "spank/holder/request.h"
#include "spank/holder/root.h"
#include "spank/holder/step_folder.h"

struct save {
	struct image_reference target; /* its name absolute */
	char merged[PATH_MAX];	       /* where the file system shows while it is being saved */
	const struct root *root;
};

/* Read --container-save and see that it can be written to; nothing is wanted on nodes but the
 * step's first, unless the name holds %N or %h, which stand for the node's. *wanted: whether
 * something is. Returns 0, or -1 with err filled. */
int save_open(struct save *s, const struct request *r, bool *wanted, struct error *err);

/* Have the keeper save root. All have to live as long as the keeper. Returns 0, or -1 with err
 * filled. */
int save_keep(struct save *s, const struct root *root, const struct step_folder *folder,
	      struct keeper *k, struct error *err);

#endif
