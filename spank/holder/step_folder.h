/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a step has on disk on a node while it runs: STATE/steps/JOB.STEP. Most steps have nothing.
 */
#ifndef SPANK_HOLDER_STEP_FOLDER_H
#define SPANK_HOLDER_STEP_FOLDER_H

#include <limits.h>

#include "common/error.h"
#include "spank/holder/keeper.h"
#include "spank/holder/request.h"

struct step_folder {
	char path[PATH_MAX]; /* "" while there is none */
};

/* Make it, empty, if it hasn't been made; the keeper removes it at the end. f has to live as long
 * as the keeper. Returns 0, or -1 with err filled. */
int step_folder_make(struct step_folder *f, const struct request *r, struct keeper *k,
		     struct error *err);

/* Make a folder in it. dest: its path, PATH_MAX bytes. Returns 0, or -1 with err filled. */
int step_folder_add(const struct step_folder *f, const char *name, char *dest, struct error *err);

#endif
