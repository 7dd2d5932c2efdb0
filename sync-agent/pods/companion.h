/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pods of SlurmJobs (companion.c): what others tell them. */
#ifndef AGENT_PODS_COMPANION_H
#define AGENT_PODS_COMPANION_H

#include <json-c/json.h>

struct agent;

/* What was found of the files that were to be measured: kubelet/protocol.h. */
void companion_measured(struct agent *a, struct json_object *measured);

#endif
