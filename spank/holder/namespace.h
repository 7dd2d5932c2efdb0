/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user namespace that holds only the caller, and a mount namespace in it. */
#ifndef SPANK_HOLDER_NAMESPACE_H
#define SPANK_HOLDER_NAMESPACE_H

#include "common/error.h"

/* Move the calling, single-threaded process into both. Its user and group keep their numbers.
 * Returns 0, or -1 with err filled (with the kernel setting to change, where one is in the way). */
int namespace_enter(struct error *err);

#endif
