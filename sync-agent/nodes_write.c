/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <time.h>

#include "common/json.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/node.h"
#include "sync-agent/nodes_card.h"
#include "sync-agent/write.h"

#define LEASES_PATH "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
#define RETRY_FIRST 200000 /* microseconds */
#define RETRY_LAST 30000000
#define SPACING 10000000 /* between two writes of amounts, as kubelets have it */
#define LEASE_EVERY 10000000
#define PODS_AGAIN 200000 /* until its pods are gone */
#define PATH_BYTES 512

static void pause_node(struct node *n)
{
	int64_t pause = RETRY_FIRST;

	for (unsigned i = 0; i < n->tries && pause < RETRY_LAST; i++)
		pause *= 2;
	n->tries++;
	n->dirty = true;
	n->not_before = clock_us() + pause;
}

static bool send_request(struct node *n, const char *method, const char *path, const char *type,
			 struct json_object *body, kube_done *done)
{
	struct kube_request r = {
		.method = method, .path = path, .type = type, .done = done, .ctx = n
	};
	struct error err;

	if (body)
		r.body = json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN);
	if (kube_send(n->agent->kube, &r, &err) < 0) {
		log_error("node %s: %s", n->name, err.text);
		pause_node(n);
		return false;
	}
	metrics_count(&n->agent->metrics, strcmp(method, "GET") ? COUNT_WRITE_NODE : COUNT_READ);
	log_debug("%s %s", method, path);
	/* With --dry-run nothing comes back: it is told once. */
	n->told = n->agent->dry_run;
	return !n->agent->dry_run;
}

/* -- the Node ------------------------------------------------------------------------------- */

static void fail(struct node *n, const struct kube_answer *answer)
{
	if (write_is_passing(answer))
		write_pause(n->agent, answer);
	else if (answer->status != 409 && !n->tries)
		log_warning("node %s: %s (status %ld); trying again", n->name, answer->problem,
			    answer->status);
	if (answer->status == 404)
		node_take(n, NULL); /* the watch says so, too */
	pause_node(n);
}

static void on_written(void *ctx, const struct kube_answer *answer)
{
	_cleanup_json_ struct json_object *object = NULL;
	struct node *n = ctx;

	n->in_flight = false;
	if (answer->status != 200 && answer->status != 201) {
		fail(n, answer);
		return;
	}
	n->tries = 0;
	n->dirty = true;
	object = json_parse(answer->body, answer->len, NULL);
	if (object && node_of(n->agent, object, false) == n)
		node_take(n, object);
}

/* Somebody else's node has the name. */
static void take_other_name(struct node *n)
{
	char *name = node_name(n->agent->cluster, n->partition[0] ? n->partition : NULL, true);

	n->hashed = true;
	if (!name)
		return;
	log_warning("node %s is somebody else's: that of %s%s is %s", n->name, n->agent->cluster,
		    n->partition, name);
	free(n->name);
	n->name = name;
	n->agent->nodes.dirty = true;
}

static void on_found(void *ctx, const struct kube_answer *answer)
{
	_cleanup_json_ struct json_object *object = NULL;
	struct node *n = ctx;

	n->in_flight = false;
	if (answer->status != 200) {
		fail(n, answer);
		return;
	}
	object = json_parse(answer->body, answer->len, NULL);
	if (object && node_of(n->agent, object, false) == n)
		node_take(n, object);
	else if (object && !n->hashed)
		take_other_name(n);
	pause_node(n);
}

static void on_created(void *ctx, const struct kube_answer *answer)
{
	struct node *n = ctx;
	char path[PATH_BYTES];

	if (answer->status != 409) {
		if (answer->status == 201)
			log_info("made node %s", n->name);
		on_written(ctx, answer);
		return;
	}
	snprintf(path, sizeof(path), NODES_PATH "/%s", n->name);
	n->in_flight = send_request(n, "GET", path, NULL, NULL, on_found);
}

static void create(struct node *n)
{
	n->in_flight = send_request(n, "POST", NODES_PATH "?" MANAGER, NULL, n->wanted, on_created);
}

static void patch(struct node *n, const char *tail, struct json_object *body)
{
	struct json_object *metadata = json_get(body, "metadata");
	char path[PATH_BYTES];

	/* Lists are written as a whole: not over what somebody has just written. */
	if (!metadata) {
		metadata = json_object_new_object();
		json_object_object_add(body, "metadata", metadata);
	}
	json_set_string(metadata, "resourceVersion", n->version);
	snprintf(path, sizeof(path), NODES_PATH "/%s%s?" MANAGER, n->name, tail);
	n->in_flight = send_request(n, "PATCH", path, MERGE, body, on_written);
}

static void on_deleted(void *ctx, const struct kube_answer *answer)
{
	struct node *n = ctx;

	n->in_flight = false;
	if (answer->status != 200 && answer->status != 202 && answer->status != 404) {
		fail(n, answer);
		return;
	}
	log_info("node %s has gone with its partition", n->name);
	node_take(n, NULL);
}

static void on_lease_deleted(void *ctx, const struct kube_answer *answer)
{
	struct node *n = ctx;

	n->lease_in_flight = false;
	n->lease_there = false;
}

/* Just that object: not one that somebody made under its name since. Its Lease would go by garbage
 * collection, where that runs. */
static void remove_node(struct node *n)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *conditions = json_object_new_object();
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), LEASES_PATH "/%s", n->name);
	if (!n->lease_in_flight)
		n->lease_in_flight = send_request(n, "DELETE", path, NULL, NULL, on_lease_deleted);
	json_set_string(o, "apiVersion", "v1");
	json_set_string(o, "kind", "DeleteOptions");
	json_set_string(conditions, "uid", json_get_string(n->is, "metadata.uid"));
	json_object_object_add(o, "preconditions", conditions);
	snprintf(path, sizeof(path), NODES_PATH "/%s", n->name);
	n->in_flight = send_request(n, "DELETE", path, NULL, o, on_deleted);
}

/* -- its Lease ------------------------------------------------------------------------------ */

static void on_lease(void *ctx, const struct kube_answer *answer)
{
	struct node *n = ctx;

	n->lease_in_flight = false;
	n->lease_there = answer->status == 200 || answer->status == 201 || answer->status == 409;
	if (answer->status == 200 || answer->status == 201)
		return;
	/* 404: made at once; 409: it is there; else with the pace of retries. */
	n->lease_next = clock_us() +
			(answer->status == 404 || answer->status == 409 ? 0 : RETRY_FIRST * 10);
	if (answer->status >= 400 && answer->status < 500 && answer->status != 404 &&
	    answer->status != 409)
		log_warning("Lease of node %s: %s (status %ld); trying again", n->name,
			    answer->problem, answer->status);
}

static void renew(struct node *n, int64_t now)
{
	_cleanup_json_ struct json_object *o = NULL;
	struct timespec wall;
	char path[PATH_BYTES];

	clock_gettime(CLOCK_REALTIME, &wall);
	o = node_lease(n->name, json_get_string(n->is, "metadata.uid") ?: "", wall);
	n->lease_next = now + LEASE_EVERY;
	snprintf(path, sizeof(path),
		 n->lease_there ? LEASES_PATH "/%s?" MANAGER : LEASES_PATH "?" MANAGER, n->name);
	n->lease_in_flight = send_request(n, n->lease_there ? "PATCH" : "POST", path,
					  n->lease_there ? MERGE : NULL, o, on_lease);
}

/* -- what is due ---------------------------------------------------------------------------- */

/* Returns when the rest of it is due. */
static int64_t compare(struct node *n, int64_t now)
{
	_cleanup_json_ struct json_object *meta = node_patch(n->is, n->wanted), *status = NULL;
	bool urgent = false;

	if (meta) {
		patch(n, "", meta);
		return INT64_MAX;
	}
	status = node_status_patch(n->is, n->wanted, &urgent);
	if (!status) {
		n->dirty = false;
		return INT64_MAX;
	}
	if (!urgent && now < n->next_status)
		return n->next_status;
	n->next_status = now + SPACING;
	patch(n, "/status", status);
	return INT64_MAX;
}

/* Pods that are jobs have ended (or it would be in use), and stay until somebody deletes them, or
 * Kubernetes does, since their node is no more. */
static bool is_over(const struct pod *p)
{
	return p->kind == &pod_job && !p->deleting &&
	       (p->phase == POD_SUCCEEDED || p->phase == POD_FAILED);
}

/* Its other pods go first; those of SlurmJobs come again elsewhere. */
static bool has_pods(struct node *n)
{
	bool some = false;

	for (struct pod *p = n->agent->pods.table; p; p = p->hh.next) {
		if (!p->exists || strcmp(p->node, n->name) || is_over(p))
			continue;
		some = true;
		if (p->queue == PODS_NONE)
			pods_enqueue(n->agent, p);
	}
	return some;
}

static int64_t advance_object(struct node *n, int64_t now)
{
	if (n->in_flight || !n->dirty || n->told)
		return INT64_MAX;
	if (now < n->not_before)
		return n->not_before;
	if (n->wanted && n->is)
		return compare(n, now);
	if (n->wanted) {
		create(n);
	} else if (n->is && (!n->agent->pods.settled || has_pods(n))) {
		/* Jobs may be among them, for which it stays. */
		n->agent->nodes.dirty = true;
		n->not_before = now + PODS_AGAIN;
		return n->not_before;
	} else if (n->is) {
		remove_node(n);
	}
	return INT64_MAX;
}

int64_t node_advance(struct node *n, int64_t now)
{
	int64_t next;

	if (!n->wanted && !n->is && !n->in_flight && !n->lease_in_flight) {
		node_drop(n->agent, n);
		return INT64_MAX;
	}
	/* A heartbeat is sent whatever else is under way: of a node that has none Kubernetes deletes the pods. */
	next = kube_has_room(n->agent->kube) ? advance_object(n, now) : INT64_MAX;
	if (!n->is || !n->wanted || n->lease_in_flight || n->agent->dry_run || n->agent->once)
		return next;
	if (now >= n->lease_next)
		renew(n, now);
	return n->lease_next < next ? n->lease_next : next;
}
