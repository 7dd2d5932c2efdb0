/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/lane.h"

#include <stdlib.h>

#include "sync-agent/entry.h"

#define SECOND INT64_C(1000000)

static uint32_t earliest(const struct entry *e)
{
	uint32_t first = UINT32_MAX;

	for (int i = 0; i < LANE_WORKS; i++)
		if (e->lane.due[i] && e->lane.due[i] < first)
			first = e->lane.due[i];
	return first;
}

static void put_at(struct lane *l, struct entry *e, size_t slot)
{
	l->heap[slot] = e;
	e->lane.slot = (uint32_t)slot;
}

/* Bring the entry of that slot to where it belongs. */
static void settle(struct lane *l, size_t slot)
{
	struct entry *e = l->heap[slot];
	uint32_t key = earliest(e);

	while (slot > 1 && earliest(l->heap[slot / 2]) > key) {
		put_at(l, l->heap[slot / 2], slot);
		slot /= 2;
	}
	for (size_t child; (child = slot * 2) <= l->n; slot = child) {
		if (child < l->n && earliest(l->heap[child + 1]) < earliest(l->heap[child]))
			child++;
		if (earliest(l->heap[child]) >= key)
			break;
		put_at(l, l->heap[child], slot);
	}
	put_at(l, e, slot);
}

static int make_room(struct lane *l)
{
	size_t size = l->size ? l->size * 2 : 64;
	struct entry **heap;

	if (l->n + 1 < l->size)
		return 0;
	heap = realloc(l->heap, size * sizeof(*heap));
	if (!heap)
		return -1;
	l->heap = heap;
	l->size = size;
	return 0;
}

static void take_out(struct lane *l, struct entry *e)
{
	size_t slot = e->lane.slot;
	struct entry *last = l->heap[l->n--];

	e->lane.slot = 0;
	if (last == e)
		return;
	put_at(l, last, slot);
	settle(l, slot);
}

static void update(struct lane *l, struct entry *e)
{
	if (earliest(e) == UINT32_MAX) {
		if (e->lane.slot)
			take_out(l, e);
		return;
	}
	if (!e->lane.slot) {
		if (make_room(l) < 0)
			return;
		put_at(l, e, ++l->n);
	}
	settle(l, e->lane.slot);
}

void lane_set(struct lane *l, struct entry *e, enum lane_work work, int64_t when)
{
	int64_t second = (when + SECOND - 1) / SECOND;

	e->lane.due[work] = second < 1 ? 1 : second >= UINT32_MAX ? UINT32_MAX - 1 : (uint32_t)second;
	update(l, e);
}

void lane_unset(struct lane *l, struct entry *e, enum lane_work work)
{
	e->lane.due[work] = 0;
	update(l, e);
}

int64_t lane_next(const struct lane *l)
{
	return l->n ? earliest(l->heap[1]) * SECOND : INT64_MAX;
}

struct entry *lane_take(struct lane *l, int64_t now, enum lane_work *ret)
{
	struct entry *e = l->n ? l->heap[1] : NULL;
	uint32_t first;

	if (!e || lane_next(l) > now)
		return NULL;
	first = earliest(e);
	for (int i = 0; i < LANE_WORKS; i++)
		if (e->lane.due[i] == first)
			*ret = i;
	lane_unset(l, e, *ret);
	return e;
}

void lane_remove(struct lane *l, struct entry *e)
{
	e->lane = (struct lane_place){ .slot = e->lane.slot };
	update(l, e);
}

void lane_free(struct lane *l)
{
	free(l->heap);
	*l = (struct lane){ 0 };
}
