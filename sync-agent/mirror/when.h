/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Points of time: as Slurm writes them, in the cluster's local time, and as Kubernetes does. */
#ifndef AGENT_MIRROR_WHEN_H
#define AGENT_MIRROR_WHEN_H

#include <stdint.h>
#include <time.h>

#define WHEN_SIZE 32

/* As scontrol shows it: "2026-11-23T10:00:00". */
void when_format(time_t when, char buf[WHEN_SIZE]);

/* Read "2026-11-23T10:00:00" or "2026-11-23T10:00", as local time. Returns 0 for any other text:
 * sbatch's other forms ("now+1hour") mean another point of time whenever they are read. */
time_t when_parse(const char *text);

/* Read RFC 3339: "2026-11-23T10:00:00Z", "2026-11-23T10:00:00.5+01:00". Returns microseconds since
 * 1970, or 0 if it is none, or before 1970. */
int64_t when_parse_stamp(const char *text);

#endif
