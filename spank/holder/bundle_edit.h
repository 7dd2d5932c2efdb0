/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adding to what an image brings. */
#ifndef SPANK_HOLDER_BUNDLE_EDIT_H
#define SPANK_HOLDER_BUNDLE_EDIT_H

#include "spank/holder/bundle.h"

/* Add "NAME=value", which replaces an earlier one of that name. Returns 0, or -1 with err filled.
 */
int bundle_add_env(struct bundle *b, const char *assignment, struct error *err);

/* Add a mount after those that there are. source: NULL for a tmpfs. Returns 0, or -1 with err
 * filled. */
int bundle_add_mount(struct bundle *b, const char *source, const char *destination,
		     const struct mount_options *options, struct error *err);

#endif
