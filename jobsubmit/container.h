/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a job that is submitted says of its container, and in how many places: Slurm's own field,
 * its environment (batch jobs), and what spank_kube in the client put into the job's control
 * environment (all jobs). */
#ifndef JOBSUBMIT_CONTAINER_H
#define JOBSUBMIT_CONTAINER_H

#include "common/container_policy.h"

struct container_words {
	const char *field;	 /* --container, or NULL */
	const char *environment; /* SLURM_CONTAINER, or NULL */
	const char *control;	 /* the client's, or NULL */
};

/* The image that counts: what --container says, with the digest that the client found for it; else
 * what the client or the environment names. Borrowed; NULL if there is none. */
const char *container_resolve(const struct container_words *words);

/* Whether the site's policy allows it. options: the text that travels, or NULL.
 * Returns 0, or -1 with err filled. */
int container_judge(const struct container_policy *policy, const char *image, const char *options,
		    const char *cwd, struct error *err);

#endif
