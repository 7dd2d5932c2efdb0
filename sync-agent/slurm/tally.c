/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/slurm/tally.h"

#include <stdlib.h>
#include <string.h>

/* The index of the first row whose name is not before name. */
static size_t find(const struct tally *t, const char *name)
{
	size_t from = 0, to = t->n;

	while (from < to) {
		size_t middle = (from + to) / 2;

		if (strcmp(t->rows[middle].name, name) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* Make a row at that index. NULL if there is no place. */
static struct tally_row *insert(struct tally *t, size_t at, const char *name)
{
	struct tally_row *rows;

	if (t->n >= TALLY_MOST)
		return NULL;
	rows = reallocarray(t->rows, t->n + 1, sizeof(*rows));
	if (!rows)
		return NULL;
	t->rows = rows;
	memmove(rows + at + 1, rows + at, (t->n - at) * sizeof(*rows));
	t->n++;
	rows[at] = (struct tally_row){ 0 };
	strcpy(rows[at].name, name);
	return &rows[at];
}

void tally_add(struct tally *t, const char *name, size_t len, uint64_t total, uint64_t used)
{
	char cut[TALLY_NAME];
	struct tally_row *row;
	size_t at;

	len = len < sizeof(cut) ? len : sizeof(cut) - 1;
	memcpy(cut, name, len);
	cut[len] = '\0';
	at = find(t, cut);
	row = at < t->n && !strcmp(t->rows[at].name, cut) ? &t->rows[at] : insert(t, at, cut);
	if (row) {
		row->total += total;
		row->used += used;
	}
}

uint64_t tally_total(const struct tally *t, const char *name)
{
	size_t at = find(t, name);

	return at < t->n && !strcmp(t->rows[at].name, name) ? t->rows[at].total : 0;
}

void tally_free(struct tally *t)
{
	free(t->rows);
	*t = (struct tally){ 0 };
}
