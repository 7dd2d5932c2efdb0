/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "contrib/kubectl-slurm/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void table_add(struct table *t, const char *text)
{
	char **cells;

	/* It grows by powers of two. */
	if (!(t->n & (t->n + 1))) {
		cells = realloc(t->cells, (2 * t->n + 2) * sizeof(*cells));
		if (!cells)
			abort();
		t->cells = cells;
	}
	t->cells[t->n] = strdup(text && text[0] ? text : "-");
	if (!t->cells[t->n])
		abort();
	for (char *p = t->cells[t->n++]; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
}

void table_add_number(struct table *t, int64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, number);
	table_add(t, text);
}

void table_add_elapsed(struct table *t, int64_t from, int64_t to)
{
	int64_t s = to > from ? to - from : 0;
	char text[64];
	int n = 0;

	if (!from) {
		table_add(t, NULL);
		return;
	}
	if (s >= 86400)
		n = snprintf(text, sizeof(text), "%" PRId64 "-", s / 86400);
	if (s >= 3600)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%02" PRId64 ":", s / 3600 % 24);
	snprintf(text + n, sizeof(text) - (size_t)n, "%02" PRId64 ":%02" PRId64, s / 60 % 60,
		 s % 60);
	table_add(t, text);
}

static size_t width_of(const struct table *t, size_t column)
{
	size_t width = 0;

	for (size_t i = column; i < t->n; i += t->columns)
		if (strlen(t->cells[i]) > width)
			width = strlen(t->cells[i]);
	return width;
}

void table_print(const struct table *t)
{
	size_t *widths = calloc(t->columns, sizeof(*widths));

	for (size_t c = 0; widths && c < t->columns; c++)
		widths[c] = width_of(t, c);
	for (size_t i = 0; widths && i < t->n; i++) {
		size_t c = i % t->columns;

		if (c + 1 == t->columns || i + 1 == t->n)
			printf("%s\n", t->cells[i]);
		else
			printf("%-*s   ", (int)widths[c], t->cells[i]);
	}
	free(widths);
}

void table_free(struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->cells[i]);
	free(t->cells);
	*t = (struct table){ 0 };
}
