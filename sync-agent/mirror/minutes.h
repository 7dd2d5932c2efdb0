/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slurm's time limits as text. Source: sbatch(1), --time. */
#ifndef AGENT_MIRROR_MINUTES_H
#define AGENT_MIRROR_MINUTES_H

#include <stdint.h>

/* Read "minutes", "minutes:seconds", "hours:minutes:seconds", "days-hours", "days-hours:minutes",
 * "days-hours:minutes:seconds", "UNLIMITED", "INFINITE" or "-1". Seconds round up to a minute, as
 * Slurm does. Returns 0 with *ret minutes or JOB_UNLIMITED, or -1 if it is none of these. */
int minutes_parse(const char *text, uint64_t *ret);

/* Write minutes as scontrol shows them: "01:00:00", "2-12:00:00", "UNLIMITED". */
void minutes_format(uint64_t minutes, char *buf, unsigned size);

#endif
