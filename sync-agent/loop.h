/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one loop, from its start to its end. */
#ifndef AGENT_LOOP_H
#define AGENT_LOOP_H

#include "sync-agent/agent.h"

/* start.c: everything that the configuration asks for; waits for slurmctld. signals: a signalfd. Returns 0,
 * with a->stop set if a signal has ended the start, or -1 with err filled. */
int agent_start(struct agent *a, struct kube_access *access, int signals, struct error *err);
void agent_stop(struct agent *a);

/* loop.c: returns when a->stop or a->anew is set. */
void agent_loop(struct agent *a, int signals);
/* Let what is under way end, then give the lease up. */
void agent_wind_down(struct agent *a);
void agent_take_signals(struct agent *a, int signals);
/* Another agent may be running, whose doorbell and port are left alone. */
bool agent_is_beside(const struct agent *a);

#endif
