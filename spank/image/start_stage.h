/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting `kube-container stage` from the holder. */
#ifndef SPANK_IMAGE_START_STAGE_H
#define SPANK_IMAGE_START_STAGE_H

#include "spank/image/image.h"

/* The descriptor on which the program finds a pipe for the text of its error, with --error-fd. */
#define STAGE_ERROR_FD 3

/* Stage an image and wait for the end of that. It dies with the caller. Standard error is the
 * user's. Returns 0, or -1 with err filled. */
int start_stage(const struct image_request *q, const char *job, struct error *err);

#endif
