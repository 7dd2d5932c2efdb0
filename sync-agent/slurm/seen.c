/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/slurm/seen.h"

#include <stdlib.h>
#include <string.h>

/* The place of the first key that is not less. */
static size_t find(const struct seen *s, uint32_t key)
{
	size_t from = 0, to = s->n;

	if (s->n && s->keys[s->n - 1] < key)
		return s->n; /* new jobs have the largest ids */
	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (s->keys[middle] < key)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static int make_room(struct seen *s)
{
	size_t size = s->size ? s->size + s->size / 2 : 256;
	uint64_t *fingerprints;
	uint32_t *keys;

	if (s->n < s->size)
		return 0;
	keys = realloc(s->keys, size * sizeof(*keys));
	if (!keys)
		return -1;
	s->keys = keys;
	fingerprints = realloc(s->fingerprints, size * sizeof(*fingerprints));
	if (!fingerprints)
		return -1;
	s->fingerprints = fingerprints;
	s->size = size;
	return 0;
}

bool seen_note(struct seen *s, uint32_t key, uint64_t fingerprint)
{
	size_t i = find(s, key);
	bool changed;

	if (i < s->n && s->keys[i] == key) {
		changed = s->fingerprints[i] != fingerprint;
		s->fingerprints[i] = fingerprint;
		return changed;
	}
	if (make_room(s) < 0)
		return true; /* it will be handed over again, which is only dearer */
	memmove(s->keys + i + 1, s->keys + i, (s->n - i) * sizeof(*s->keys));
	memmove(s->fingerprints + i + 1, s->fingerprints + i, (s->n - i) * sizeof(*s->fingerprints));
	s->keys[i] = key;
	s->fingerprints[i] = fingerprint;
	s->n++;
	return true;
}

void seen_keep(struct seen *s, const uint32_t *keys, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0, k = 0; i < s->n; i++) {
		while (k < n && keys[k] < s->keys[i])
			k++;
		if (k == n || keys[k] != s->keys[i])
			continue;
		s->keys[kept] = s->keys[i];
		s->fingerprints[kept++] = s->fingerprints[i];
	}
	s->n = kept;
}

void seen_free(struct seen *s)
{
	free(s->keys);
	free(s->fingerprints);
	*s = (struct seen){ 0 };
}
