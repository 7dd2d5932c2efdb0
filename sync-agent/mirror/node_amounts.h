/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_MIRROR_NODE_AMOUNTS_H
#define AGENT_MIRROR_NODE_AMOUNTS_H

#include "sync-agent/mirror/node.h"

/* What the node has; what of it is not in use by Slurm nor out of order. The caller puts them. */
struct json_object *node_capacity(const struct node_facts *f);
struct json_object *node_allocatable(const struct node_facts *f);

#endif
