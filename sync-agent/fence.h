/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Until when this process may act and write: the end of its lease. In memory that it shares with
 * the owner helper, so that actions end with the lease even if the agent is stopped and can't say
 * so. */
#ifndef AGENT_FENCE_H
#define AGENT_FENCE_H

#include <stdbool.h>
#include <stdint.h>

/* Microseconds since the machine began, those that it slept through, too: a lease goes on then. */
int64_t fence_clock(void);

/* Before the helper is forked. There is no fence until the first fence_set(). Returns 0, or -1. */
int fence_init(void);

/* until: of fence_clock(); 0: it may nothing now; INT64_MAX: there is no fence. */
void fence_set(int64_t until);
int64_t fence_until(void);

bool fence_passed(void);

#endif
