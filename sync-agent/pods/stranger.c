/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pods on our virtual nodes that are not for us, such as those of DaemonSets that tolerate every
 * taint. They stay Pending: nothing runs them. But a pod on a node ends only when the node says so.
 */
#include "sync-agent/agent.h"

static bool is_stranger(struct agent *a, struct json_object *pod)
{
	return true;
}

static void advance(struct agent *a, struct pod *p)
{
	if (p->exists && p->node[0] && (p->deleting || !nodes_have(a, p->node)))
		pod_write_delete(a, p);
}

const struct pod_kind pod_stranger = { .name = "stranger", .is = is_stranger, .advance = advance };
