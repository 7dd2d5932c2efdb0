/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The site's policy for containers, on a node: what holds, whatever the job's environment says. */
#ifndef SPANK_JUDGE_H
#define SPANK_JUDGE_H

#include "common/container_options.h"
#include "common/error.h"

/* Read it, in slurmstepd as root. path: of plugstack.conf's policy=, "" for the default one, which
 * may be missing. What is wrong with it is remembered: no container is allowed. */
void judge_load(const char *path);

/* The image for a step in that partition which names none; NULL if there is none. Borrowed. */
const char *judge_default_image(const char *partition);

/* Add what the site forces and its defaults. Returns 0, or -1 with err filled. */
int judge_apply(struct container_options *options, struct error *err);

/* In a task, in its working folder: whether it may have this container. options: the
 * user's. Returns 0, or -1 with err filled. */
int judge(const char *image, const struct container_options *options, struct error *err);

/* The file, for the holder, which sees what a mount's source really is; NULL if it need not look.
 */
const char *judge_file(void);

#endif
