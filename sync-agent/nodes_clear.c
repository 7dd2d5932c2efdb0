/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nodes.create is none, and nodes are there that an agent of this cluster has made: they go as when
 * their partitions do. Asked for once; where there are none, that is the only request. */
#include <string.h>

#include "common/json.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/node.h"
#include "sync-agent/nodes_card.h"
#include "sync-agent/write.h"

#define AGAIN 10000000 /* microseconds: the API server was away */

static bool any_ours(const struct agent *a, struct json_object *list)
{
	struct json_object *items = json_get(list, "items");

	for (size_t i = 0; i < json_length(items); i++) {
		struct json_object *annotations =
			json_get(json_object_array_get_idx(items, i), "metadata.annotations");
		const char *cluster = json_member_string(annotations, NODE_CLUSTER);

		if (cluster && !strcmp(cluster, a->cluster))
			return true;
	}
	return false;
}

static void on_list(void *ctx, const struct kube_answer *answer)
{
	_cleanup_json_ struct json_object *list = NULL;
	struct agent *a = ctx;

	a->nodes.asking = false;
	if (write_is_passing(answer)) {
		a->nodes.ask_at = clock_us() + AGAIN;
		return;
	}
	a->nodes.asked = true;
	if (answer->status != 200) {
		/* An agent that was never to have nodes may not list them. */
		log_debug("nodes that an earlier configuration has left: %s (status %ld)",
			  answer->problem, answer->status);
		return;
	}
	list = json_parse(answer->body, answer->len, NULL);
	a->nodes.clearing = any_ours(a, list);
	a->nodes.dirty |= a->nodes.clearing;
	if (a->nodes.clearing)
		log_info("nodes.create is none: virtual nodes of cluster %s are there, and go",
			 a->cluster);
}

int64_t nodes_look_for_old(struct agent *a)
{
	struct error err;
	char path[512];
	struct kube_request r = { .method = "GET", .path = path, .done = on_list, .ctx = a };

	if (a->nodes.asked || a->nodes.asking || a->dry_run || a->once)
		return INT64_MAX;
	if (clock_us() < a->nodes.ask_at)
		return a->nodes.ask_at;
	snprintf(path, sizeof(path), NODES_PATH "?%s", a->nodes.query ?: "");
	if (kube_send(a->kube, &r, &err) < 0) {
		a->nodes.ask_at = clock_us() + AGAIN;
		return a->nodes.ask_at;
	}
	metrics_count(&a->metrics, COUNT_READ);
	a->nodes.asking = true;
	return INT64_MAX;
}

void nodes_cleared(struct agent *a)
{
	if (!a->nodes.clearing || nodes_wanted(a) || !a->nodes.known || a->nodes.table)
		return;
	log_info("the virtual nodes of cluster %s have gone", a->cluster);
	a->nodes.clearing = false;
}
