/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which namespaces want pods for their SlurmJobs: their annotation slurm-kube.io/logs. They are
 * watched only if logs.pods is set. */
#ifndef AGENT_PODS_WISHES_H
#define AGENT_PODS_WISHES_H

#include "sync-agent/agent.h"

/* 1: the namespace's annotation asks for them, -1: it asks for none, 0: it says nothing. */
int wishes_of(const struct agent *a, const char *namespace);

/* Watch, and have the SlurmJobs of namespaces that have changed their minds looked at again.
 * Returns the monotonic time to be called again. */
int64_t wishes_run(struct agent *a);

void wishes_free(struct agent *a);

#endif
