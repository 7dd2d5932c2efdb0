/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_METRICS_PROCESS_H
#define AGENT_METRICS_PROCESS_H

#include "common/buffer.h"

/* Write Prometheus' usual metrics of this process (process_cpu_seconds_total ...), from
 * /proc/self. What can't be read is left out. */
void process_text(struct buffer *to);

#endif
