/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the annotation slurm-kube.io/logs of a SlurmJob names: tasks of an array, and steps. */
#ifndef AGENT_MIRROR_COMPANION_WISH_H
#define AGENT_MIRROR_COMPANION_WISH_H

#include <stdbool.h>
#include <stddef.h>

#define COMPANION_STEPS_MAX 32
#define COMPANION_STEP_NAME 40

struct companion_wish {
	char *tasks; /* indexes, "7,9-12"; NULL: none are named */
	size_t n_steps;
	char steps[COMPANION_STEPS_MAX]
		  [COMPANION_STEP_NAME]; /* containers: "step-3", "step-3-stderr" */
};

/* Read "7,9-12,step-3,step-3-stderr"; text may be NULL. Of a container that is named twice, and of
 * steps after the 32nd, nothing is noted. Freed by companion_wish_free(). */
void companion_wish_read(const char *text, struct companion_wish *ret);

/* Tasks (NULL: none) and the wish's steps as one text; the caller frees it. NULL: there are none of
 * both. */
char *companion_wish_format(const struct companion_wish *wish, const char *tasks);

void companion_wish_free(struct companion_wish *wish);

#endif
