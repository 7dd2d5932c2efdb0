/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was last handed over of each group of jobs: a fingerprint, twelve bytes a job in all. */
#ifndef AGENT_SLURM_SEEN_H
#define AGENT_SLURM_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* { 0 } is empty. */
struct seen {
	size_t n, size;
	uint32_t *keys; /* ascending */
	uint64_t *fingerprints;
};

/* Note a group's fingerprint. Returns true if it is another than before, or not known before. */
bool seen_note(struct seen *s, uint32_t key, uint64_t fingerprint);

/* Forget all whose key is not among the n keys, which are ascending. */
void seen_keep(struct seen *s, const uint32_t *keys, size_t n);

void seen_free(struct seen *s);

#endif
