/* SPDX-License-Identifier: GPL-2.0-or-later */
/* metav1 conditions of a SlurmJob, for kubectl wait. Source: Kubernetes API conventions, "Typical
 * status properties". */
#ifndef AGENT_MIRROR_CONDITIONS_H
#define AGENT_MIRROR_CONDITIONS_H

#include "sync-agent/mirror/object.h"

/* Accepted, Scheduled, Running, Synced; Complete or Failed once the job has ended. A new array. */
struct json_object *conditions_of(const struct view *v, const struct synced *synced);

#endif
