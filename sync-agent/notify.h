/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What systemd is told: sd_notify(3). Without systemd nothing happens. */
#ifndef AGENT_NOTIFY_H
#define AGENT_NOTIFY_H

#include <stdint.h>

struct agent;

/* The loop is about to turn: READY=1. What isn't there yet (slurmctld, the API server) is in the
 * status, not in the way of the start. */
void notify_ready(void);

/* The watchdog and the status, when due. To be called in each turn of the loop. Returns the
 * monotonic time to be called again. */
int64_t notify_step(const struct agent *a);

void notify_reloading(void);
void notify_stopping(void);

#endif
