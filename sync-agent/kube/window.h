/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many requests may be in flight: more while answers come well, half as many when the server
 * says that it is too much, fewer when answers take ever longer. Pure.
 * Idea: additive increase and multiplicative decrease, as in TCP; for latency as in TCP Vegas. */
#ifndef AGENT_KUBE_WINDOW_H
#define AGENT_KUBE_WINDOW_H

#include <stdint.h>

#define WINDOW_MAX 32
#define WINDOW_MIN 2
#define WINDOW_ENOUGH                                                                              \
	8 /* as many reach the rate of WINDOW_MAX: fewer only of a server in trouble */

struct window {
	unsigned size;
	unsigned good;	  /* answers in this round; a round is as many as may be in flight */
	int64_t sum_us;	  /* what they took */
	int64_t least_us; /* the mean of the fastest round, slowly forgotten; 0: none yet */
};

void window_init(struct window *w);

/* An answer came after that time, whatever it says but the following. */
void window_answered(struct window *w, int64_t took_us);

/* 429 or 503. */
void window_too_much(struct window *w);

#endif
