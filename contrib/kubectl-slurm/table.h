/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table as kubectl prints it. */
#ifndef KUBECTL_SLURM_TABLE_H
#define KUBECTL_SLURM_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table {
	size_t columns; /* set by the caller; the first row is the heading */
	char **cells;
	size_t n;
};

/* The next cell, row by row; NULL or "": there is nothing to say, "-". */
void table_add(struct table *t, const char *text);
void table_add_number(struct table *t, int64_t number);

/* Between two times in seconds, as Slurm shows it (1-02:03:04); nothing if there is no first one.
 */
void table_add_elapsed(struct table *t, int64_t from, int64_t to);

/* What would move a terminal's cursor is shown as '?'. */
void table_print(const struct table *t);

void table_free(struct table *t);

#endif
