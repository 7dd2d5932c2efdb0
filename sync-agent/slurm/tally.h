/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts by name: nodes and jobs by state, GRES by name and type. Pure. */
#ifndef AGENT_SLURM_TALLY_H
#define AGENT_SLURM_TALLY_H

#include <stddef.h>
#include <stdint.h>

#define TALLY_NAME 64  /* bytes of a name, its NUL included; longer ones are cut */
#define TALLY_MOST 256 /* names; further ones are left out */

struct tally_row {
	char name[TALLY_NAME];
	uint64_t total, used;
};

/* In the order of names. All zero is empty. */
struct tally {
	size_t n;
	struct tally_row *rows;
};

/* Add to the row of that name (len bytes of it). What finds no place, for the limit or for want of
 * memory, is left out. */
void tally_add(struct tally *t, const char *name, size_t len, uint64_t total, uint64_t used);

/* The row's total, 0 if there is none. */
uint64_t tally_total(const struct tally *t, const char *name);

void tally_free(struct tally *t);

#endif
