/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All that the agent tells about itself: its metrics, whether it is ready, a line for systemd. */
#ifndef AGENT_METRICS_REPORT_H
#define AGENT_METRICS_REPORT_H

#include <stdbool.h>

#include "common/buffer.h"

struct agent;

/* All metrics. */
void report_metrics(const struct agent *a, struct buffer *to);

/* What readiness needs, one line each ("[+]" there, "[-]" not yet). Returns true if all is there.
 */
bool report_ready(const struct agent *a, struct buffer *to);

/* One line for people: what it does, or what it waits for. */
void report_status(const struct agent *a, char *buf, size_t size);

#endif
