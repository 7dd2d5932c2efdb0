/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which jobs get an object. */
#ifndef AGENT_FILTER_H
#define AGENT_FILTER_H

#include <stdbool.h>

#include "sync-agent/config.h"
#include "sync-agent/slurm/job.h"

/* Does the configuration want objects for such jobs? A pending job may name several partitions: one
 * that is wanted will do. */
bool filter_takes(const struct config *c, const struct job *job);

#endif
