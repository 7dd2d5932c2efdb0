/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where pods come from: a list and watch for each of our nodes, and one for our scheduler's. What
 * only pods.c and source.c share. */
#ifndef AGENT_PODS_SOURCE_H
#define AGENT_PODS_SOURCE_H

#include "sync-agent/pods/pods.h"

/* A watch says that the pod is no more. */
void pods_deleted(struct agent *a, struct json_object *pod);
/* It is no more; version is its last one if that is known. */
void pods_forget(struct agent *a, struct pod *p, const char *version);

/* That node's pods are to be watched, from now on, or no longer. */
void sources_want_node(struct agent *a, const char *node, bool wanted);

void sources_free(struct agent *a);

#endif
