/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of users and groups, each asked for once: the name service may be far away, so only the
 * Slurm threads, which may block, call these. */
#ifndef AGENT_SLURM_NAMES_H
#define AGENT_SLURM_NAMES_H

#include <stdint.h>

/* The name, or the number as text if it has none. The string lives as long as the process. */
const char *name_of_uid(uint32_t uid);
const char *name_of_gid(uint32_t gid);

#endif
