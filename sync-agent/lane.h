/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What has time: labels, steps, usage, the end of an object's days. Of each entry the lane knows
 * when which of these is due; a heap keeps the next one at hand, however many there are. */
#ifndef AGENT_LANE_H
#define AGENT_LANE_H

#include <stddef.h>
#include <stdint.h>

struct entry;

enum lane_work {
	LANE_LABEL,   /* write the label of its state */
	LANE_DETAILS, /* write its steps and usage */
	LANE_USAGE,   /* ask slurmdbd for its usage */
	LANE_EXPIRE,  /* its object has been there long enough after the job's end */
	LANE_WORKS,
};

/* { 0 } is empty. */
struct lane {
	struct entry **heap; /* from 1 */
	size_t n, size;
};

/* An entry's part of it: whole seconds of the monotonic clock, 0 for what is not due. */
struct lane_place {
	uint32_t due[LANE_WORKS];
	uint32_t slot; /* in the heap, 0: not in it */
};

/* Have it done at that monotonic time in microseconds, instead of when it was due before. Without
 * memory it isn't done. */
void lane_set(struct lane *l, struct entry *e, enum lane_work work, int64_t when);

void lane_unset(struct lane *l, struct entry *e, enum lane_work work);

/* The time at which the next is due, INT64_MAX if there is none. */
int64_t lane_next(const struct lane *l);

/* Take what is due at now. Returns its entry, or NULL. */
struct entry *lane_take(struct lane *l, int64_t now, enum lane_work *ret);

/* Take an entry out for good. */
void lane_remove(struct lane *l, struct entry *e);

void lane_free(struct lane *l);

#endif
