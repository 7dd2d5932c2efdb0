/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kube/window.h"

#define SLOW_FACTOR 3	  /* a round that took so many times the fastest ... */
#define SLOW_MORE 10000	  /* ... and so many microseconds is slow */
#define TROUBLE_US 500000 /* so slow is no server that is just busy */

void window_init(struct window *w)
{
	*w = (struct window){ .size = WINDOW_MAX / 2 };
}

static void shrink(struct window *w, unsigned to, unsigned least)
{
	if (to < least)
		to = least;
	if (to < w->size)
		w->size = to;
}

static void end_round(struct window *w)
{
	int64_t mean = w->sum_us / w->good;

	if (!w->least_us || mean < w->least_us)
		w->least_us = mean;
	if (mean > SLOW_FACTOR * w->least_us + SLOW_MORE)
		shrink(w, w->size * 3 / 4, mean > TROUBLE_US ? WINDOW_MIN : WINDOW_ENOUGH);
	else if (w->size < WINDOW_MAX)
		w->size++;
	/* What was fast once may never be again: the server has more to hold. */
	w->least_us += w->least_us / 64 + 1;
	w->good = 0;
	w->sum_us = 0;
}

void window_answered(struct window *w, int64_t took_us)
{
	w->good++;
	w->sum_us += took_us;
	if (w->good >= w->size)
		end_round(w);
}

void window_too_much(struct window *w)
{
	shrink(w, w->size / 2, WINDOW_MIN);
	w->good = 0;
	w->sum_us = 0;
}
