/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The jobs that a verb is for: named, selected by label, or all of the namespace. */
#ifndef KUBECTL_SLURM_TARGETS_H
#define KUBECTL_SLURM_TARGETS_H

#include "contrib/kubectl-slurm/job.h"
#include "contrib/kubectl-slurm/plugin.h"

struct target {
	struct job job;
	int64_t generation; /* of the edit */
	bool failed, done;
};

struct targets {
	struct target *list;
	size_t n;
	bool named; /* one by one */
};

/* All of them, as they are now; a task of an array is refused. Returns 0, or -1 with err filled. */
int targets_find(struct call *call, struct targets *ret, struct error *err);

/* Seconds that --timeout says, 60 without it. -1 with err filled. */
int64_t targets_timeout(const struct call *call, struct error *err);

void targets_free(struct targets *t);

/* Print what is wrong with one of them, and go on with the others. */
void target_failed(struct call *call, struct target *t, const char *text);

/* 0, or 1 if one of them has failed. */
int targets_result(const struct targets *t);

#endif
