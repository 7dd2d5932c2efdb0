/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of array indexes in Kubernetes' compact form, "0-9,12", as in a Job's completedIndexes. */
#ifndef AGENT_MIRROR_INDEXES_H
#define AGENT_MIRROR_INDEXES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

/* Slurm's MaxArraySize is at most 4,000,001. */
#define INDEXES_MAX 4000001

/* A bitmap that grows. All zero is the empty set. */
struct indexes {
	uint64_t *words;
	size_t n_words;
};

/* Add an index below INDEXES_MAX. Returns 0, or -1 if it is not, or without memory. */
int indexes_add(struct indexes *set, uint32_t index);

/* Add what text lists: Slurm's form with steps and throttle ("0-8:2,12%3") or Kubernetes'.
 * Returns 0, or -1 with err filled: EINVAL and nothing added, or ENOMEM. */
int indexes_parse(struct indexes *set, const char *text, struct error *err);

/* Union and difference. indexes_join() returns -1 without memory. */
int indexes_join(struct indexes *set, const struct indexes *other);
void indexes_remove(struct indexes *set, const struct indexes *other);

bool indexes_have(const struct indexes *set, size_t index);

size_t indexes_count(const struct indexes *set);

/* The compact form; the caller frees it. NULL only without memory. */
char *indexes_format(const struct indexes *set);

void indexes_free(struct indexes *set);

#endif
