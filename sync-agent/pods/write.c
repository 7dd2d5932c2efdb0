/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/log.h"
#include "sync-agent/pods/source.h"
#include "sync-agent/write.h"

#define PATH_BYTES 1024
#define TRIES_QUIET 5

struct pending {
	struct agent *agent;
	struct pod *pod; /* stays while it is in flight */
	struct pod_write write;
	bool creation, removal;
};

static bool is_pod(struct json_object *o)
{
	const char *kind = json_get_string(o, "kind");

	return kind && !strcmp(kind, "Pod");
}

static void taken(struct pending *w, const struct kube_answer *answer)
{
	_cleanup_json_ struct json_object *o = json_parse(answer->body, answer->len, NULL);
	struct agent *a = w->agent;

	a->kube_pause = 0;
	w->pod->tries = 0;
	/* The answer to a deletion with grace period 0 is the pod as it was. */
	if (w->removal)
		pods_forget(a, w->pod, NULL);
	else if (is_pod(o) && !w->write.untaken)
		pods_take(a, o);
	if (w->write.done)
		w->write.done(a, w->pod, o);
	pods_enqueue(a, w->pod);
}

static void failed(struct pending *w, const struct kube_answer *answer)
{
	struct agent *a = w->agent;
	struct pod *p = w->pod;

	if (write_is_passing(answer)) {
		write_pause(a, answer);
		pods_enqueue(a, p);
		return;
	}
	if (w->write.refused && w->write.refused(a, p, answer))
		return;
	if (answer->status == 404 && !w->creation && !w->write.path) {
		pods_forget(a, p, NULL);
		return;
	}
	/* 409: the watch brings what has changed, or has brought it already. */
	if (answer->status == 409 ? p->tries > TRIES_QUIET : !p->tries)
		log_warning("pod %s/%s: %s: %s (status %ld); trying again", p->namespace, p->name,
			    w->write.what, answer->problem, answer->status);
	pods_retry(a, p);
}

static void on_answer(void *ctx, const struct kube_answer *answer)
{
	struct pending *w = ctx;

	w->pod->in_flight = false;
	w->agent->pods.n_in_flight--;
	if (answer->status >= 200 && answer->status < 300)
		taken(w, answer);
	else
		failed(w, answer);
	free(w);
}

void pod_write(struct agent *a, struct pod *p, const struct pod_write *write)
{
	struct pending *w = calloc(1, sizeof(*w));
	struct kube_request r = {
		.method = write->method, .type = write->type, .done = on_answer, .ctx = w
	};
	struct error err = { .text = "out of memory" };
	bool writes = strcmp(write->method, "GET");
	bool removal = !strcmp(write->method, "DELETE") && !write->path;
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "/api/v1/namespaces/%s/pods%s%s%s%s", p->namespace,
		 write->tail ? "/" : "", write->tail ? p->name : "", write->tail ? write->tail : "",
		 writes && !removal ? "?" MANAGER : "");
	r.path = write->path ? write->path : path;
	if (write->body)
		r.body = json_object_to_json_string_ext(write->body, JSON_C_TO_STRING_PLAIN);
	if (w)
		*w = (struct pending){ .agent = a,
				       .pod = p,
				       .write = *write,
				       .creation = !write->tail,
				       .removal = removal };
	if (!w || kube_send(a->kube, &r, &err) < 0) {
		log_error("pod %s/%s: %s: %s", p->namespace, p->name, write->what, err.text);
		free(w);
		pods_retry(a, p);
		return;
	}
	/* With --dry-run nothing comes back: it is told once. */
	if (a->dry_run && writes) {
		free(w);
		return;
	}
	w->write.body = NULL;
	p->in_flight = true;
	a->pods.n_in_flight++;
	metrics_count(&a->metrics, writes ? COUNT_WRITE_POD : COUNT_READ);
	log_debug("%s %s", write->method, r.path);
}

void pod_write_status(struct agent *a, struct pod *p, struct json_object *status)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *metadata = json_object_new_object();
	struct pod_write w = { .what = "write status",
			       .method = "PATCH",
			       .tail = "/status",
			       .type = POD_MERGE,
			       .body = o };

	/* That very pod, whatever was written to it since: only the agent says what its status is.
	 */
	json_set_string(metadata, "uid", p->uid);
	json_object_object_add(o, "metadata", metadata);
	json_object_object_add(o, "status", status);
	pod_write(a, p, &w);
}

void pod_write_delete(struct agent *a, struct pod *p)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *conditions = json_object_new_object();
	struct pod_write w = { .what = "delete it", .method = "DELETE", .tail = "", .body = o };

	json_set_string(conditions, "uid", p->uid);
	json_set_string(o, "apiVersion", "v1");
	json_set_string(o, "kind", "DeleteOptions");
	json_set_int(o, "gracePeriodSeconds", 0);
	json_object_object_add(o, "preconditions", conditions);
	pod_write(a, p, &w);
}

void pod_read(struct agent *a, struct pod *p)
{
	struct pod_write w = { .what = "read it", .method = "GET", .tail = "" };

	pod_write(a, p, &w);
}
