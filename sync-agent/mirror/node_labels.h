/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_MIRROR_NODE_LABELS_H
#define AGENT_MIRROR_NODE_LABELS_H

#include "sync-agent/mirror/node.h"

/* The labels of a virtual node; the caller puts them. */
struct json_object *node_labels(const struct node_facts *f);

/* Is a label, or an annotation, of that key the agent's to change? */
bool node_label_is_ours(const char *key);

#endif
