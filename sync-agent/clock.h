/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_CLOCK_H
#define AGENT_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Monotonic time in microseconds: for waiting and measuring, never shown. */
static inline int64_t clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline int64_t clock_earlier(int64_t x, int64_t y)
{
	return x < y ? x : y;
}

/* Milliseconds until then, rounded up, as poll(2) wants them; a minute if that is never (INT64_MAX). */
static inline int clock_until_ms(int64_t when)
{
	int64_t now = clock_us();

	if (when == INT64_MAX)
		return 60000;
	return when <= now ? 0 : (int)((when - now + 999) / 1000);
}

#endif
