/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the --container-* options change in what an image brings. */
#ifndef SPANK_HOLDER_OPTIONS_H
#define SPANK_HOLDER_OPTIONS_H

#include "common/error.h"
#include "spank/holder/bundle.h"
#include "spank/holder/request.h"

/* Fold mounts, home folder, working folder and writability into b. The working folder of the
 * process has to be the job's: relative sources count from it. Returns 0, or -1 with err filled
 * (which option, and why). */
int options_apply(const struct request *r, struct bundle *b, struct error *err);

#endif
