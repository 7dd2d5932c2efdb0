/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device's description changes in a container. */
#ifndef SPANK_HOLDER_CDI_EDITS_H
#define SPANK_HOLDER_CDI_EDITS_H

#include "spank/holder/bundle.h"

struct json_object;

/* Apply a containerEdits object (NULL: nothing to do) to b: its environment, mounts and hooks. The
 * device nodes have to be there, on the host. Network devices are refused, since the container has
 * the host's network. Groups that the user is not in and Resource Director classes are out of a
 * user's reach: they are passed over, with a line on standard error.
 * Returns 0, or -1 with err filled: the caller says of which device. */
int cdi_edits_apply(struct json_object *edits, struct bundle *b, struct error *err);

#endif
