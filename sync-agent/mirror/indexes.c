/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/indexes.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"

#define BITS 64

static int reserve(struct indexes *set, size_t n_words)
{
	uint64_t *words;

	if (n_words <= set->n_words)
		return 0;
	/* Doubled, so that a set that is filled in order is not copied once per word. */
	if (n_words < set->n_words * 2)
		n_words = set->n_words * 2;
	words = realloc(set->words, n_words * sizeof(*words));
	if (!words)
		return -1;
	memset(words + set->n_words, 0, (n_words - set->n_words) * sizeof(*words));
	set->words = words;
	set->n_words = n_words;
	return 0;
}

bool indexes_have(const struct indexes *set, size_t index)
{
	return index / BITS < set->n_words && (set->words[index / BITS] >> (index % BITS)) & 1;
}

int indexes_add(struct indexes *set, uint32_t index)
{
	if (index >= INDEXES_MAX || reserve(set, index / BITS + 1) < 0)
		return -1;
	set->words[index / BITS] |= UINT64_C(1) << (index % BITS);
	return 0;
}

/* A decimal number at *p, which moves past it; -1 if there is none or it is too large. */
static long number_at(const char **p)
{
	long value = 0;

	if (!isdigit((unsigned char)**p))
		return -1;
	for (; isdigit((unsigned char)**p); (*p)++) {
		value = value * 10 + (**p - '0');
		if (value >= INDEXES_MAX)
			return -1;
	}
	return value;
}

struct range {
	long first, last, step;
};

/* A range at *p, which moves past it. */
static bool range_at(const char **p, struct range *r)
{
	r->first = r->last = number_at(p);
	r->step = 1;
	if (**p == '-') {
		(*p)++;
		r->last = number_at(p);
	}
	if (**p == ':') {
		(*p)++;
		r->step = number_at(p);
	}
	return r->first >= 0 && r->last >= r->first && r->step >= 1;
}

/* Add what text lists to set, or only check it where set is NULL. Returns 0 or an errno value. A
 * text that lists more than there are indexes repeats itself: it would take forever. */
static int walk(const char *text, struct indexes *set)
{
	const char *p = text;
	long left = INDEXES_MAX;
	struct range r;

	while (*p && *p != '%') {
		if (!range_at(&p, &r) || (left -= (r.last - r.first) / r.step + 1) < 0)
			return EINVAL;
		for (long i = r.first; set && i <= r.last; i += r.step)
			if (indexes_add(set, i) < 0)
				return ENOMEM;
		if (*p == ',' && isdigit((unsigned char)p[1]))
			p++;
		else if (*p && *p != '%')
			return EINVAL;
	}
	return 0;
}

int indexes_parse(struct indexes *set, const char *text, struct error *err)
{
	if (walk(text, NULL))
		return error_set(err, EINVAL, "array '%.100s': not a list of indexes", text);
	if (walk(text, set))
		return error_set(err, ENOMEM, "array '%.100s': out of memory", text);
	return 0;
}

int indexes_join(struct indexes *set, const struct indexes *other)
{
	if (reserve(set, other->n_words) < 0)
		return -1;
	for (size_t i = 0; i < other->n_words; i++)
		set->words[i] |= other->words[i];
	return 0;
}

void indexes_remove(struct indexes *set, const struct indexes *other)
{
	for (size_t i = 0; i < set->n_words && i < other->n_words; i++)
		set->words[i] &= ~other->words[i];
}

size_t indexes_count(const struct indexes *set)
{
	size_t count = 0;

	for (size_t i = 0; i < set->n_words; i++)
		count += __builtin_popcountll(set->words[i]);
	return count;
}

char *indexes_format(const struct indexes *set)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(16 << 20);
	size_t end = set->n_words * BITS;

	if (buffer_add(&b, "", 0) < 0)
		return NULL;
	for (size_t i = 0, last; i < end; i = last + 1) {
		last = i;
		if (!indexes_have(set, i))
			continue;
		while (indexes_have(set, last + 1))
			last++;
		buffer_printf(&b, "%s%zu", b.used ? "," : "", i);
		if (last > i)
			buffer_printf(&b, "-%zu", last);
	}
	return b.overflowed ? NULL : TAKE_PTR(b.data);
}

void indexes_free(struct indexes *set)
{
	free(set->words);
	*set = (struct indexes){ 0 };
}
