/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a submission needs to know: one GET at a time, each answer brings the entry back. */
#include <string.h>

#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/namespace.h"
#include "sync-agent/submit/options.h"
#include "sync-agent/submit/steps.h"

#define REFERENCES_MAX 64 /* each may have a megabyte */

struct get {
	struct agent *agent;
	struct entry *entry;
	const char *kind; /* NULL: the namespace */
	char name[256];
};

/* -- the namespace -------------------------------------------------------------------------- */

/* Whose job is it, and is it this cluster's? */
static void take_namespace(struct agent *a, struct entry *e, struct json_object *object)
{
	struct json_object *annotations = json_get(object, "metadata.annotations");
	const char *user = json_member_string(annotations, NAMESPACE_USER);
	const char *cluster = json_member_string(annotations, NAMESPACE_CLUSTER);
	struct submission *s = e->submission;
	bool known = user && user[0] && strlen(user) < sizeof(s->user);

	if (!s->for_us && (cluster ? strcmp(cluster, a->cluster) != 0 : !a->config.default_cluster)) {
		s->ignored = true;
		return;
	}
	if (!known && e->deleting) {
		s->mark.generation = 0; /* whose job it would be can't be told: the object is not held for that */
		return;
	}
	if (!known) {
		submit_wait(a, e, "NoUser",
			    "the namespace doesn't say whose jobs are submitted here: an administrator "
			    "sets its annotation " NAMESPACE_USER);
		return;
	}
	snprintf(s->user, sizeof(s->user), "%s", user);
}

/* -- answers -------------------------------------------------------------------------------- */

static void take_reference(struct submission *s, const struct get *g, struct json_object *object)
{
	struct json_object *of_kind = json_get(s->references, g->kind);

	if (!of_kind)
		return;
	json_object_object_del(of_kind, g->name);
	json_object_object_add(of_kind, g->name, json_object_get(object));
}

static void on_answer(void *ctx, const struct kube_answer *answer)
{
	_cleanup_free_ struct get *g = ctx;
	_cleanup_json_ struct json_object *object = NULL;
	struct entry *e = g->entry;

	e->in_flight = false;
	if (!e->submission)
		return;
	if (answer->status == 200)
		object = json_parse(answer->body, answer->len, NULL);
	else if (answer->status == 403) {
		submit_wait(g->agent, e, "Forbidden", answer->problem);
		return;
	} else if (answer->status != 404) {
		sync_retry(g->agent, e);
		return;
	}
	if (g->kind)
		take_reference(e->submission, g, object);
	else
		take_namespace(g->agent, e, object);
	if (e->queue == QUEUE_NONE && !e->submission->ignored)
		sync_enqueue(g->agent, e);
}

static void get(struct agent *a, struct entry *e, const char *kind, const char *name)
{
	struct get *g = calloc(1, sizeof(*g));
	struct kube_request r = { .method = "GET", .done = on_answer, .ctx = g };
	char path[640];

	if (!g) {
		sync_retry(a, e);
		return;
	}
	*g = (struct get){ .agent = a, .entry = e, .kind = kind };
	snprintf(g->name, sizeof(g->name), "%s", name);
	snprintf(path, sizeof(path), "/api/v1/namespaces/%.253s%s%s%s%s", e->namespace,
		 kind ? "/" : "", kind ? kind : "", kind ? "/" : "", name);
	r.path = path;
	if (kube_send(a->kube, &r, NULL) < 0) {
		free(g);
		sync_retry(a, e);
		return;
	}
	e->in_flight = true;
}

/* -- the step ------------------------------------------------------------------------------- */

/* A name becomes part of a path. */
static bool is_name(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.");

	return n && !name[n] && n <= 253 && strcmp(name, ".") && strcmp(name, "..");
}

/* Ask for the next reference that was not read. Returns true if all are there. */
static bool references_are_there(struct agent *a, struct entry *e)
{
	struct submission *s = e->submission;

	json_object_object_foreach(s->references, kind, names) {
		json_object_object_foreach(names, name, value) {
			if (!json_object_is_type(value, json_type_boolean) || !is_name(name))
				continue;
			get(a, e, !strcmp(kind, "secrets") ? "secrets" : "configmaps", name);
			return false;
		}
	}
	return true;
}

bool submit_gather_user(struct agent *a, struct entry *e)
{
	if (e->submission->user[0])
		return true;
	get(a, e, NULL, "");
	return false;
}

bool submit_gather(struct agent *a, struct entry *e)
{
	struct submission *s = e->submission;

	if (!submit_gather_user(a, e))
		return false;
	if (!s->references) {
		_cleanup_json_ struct json_object *spec = entry_spec(e);

		s->references = submit_references_of(spec);
	}
	if (json_object_object_length(json_get(s->references, "secrets")) +
		    json_object_object_length(json_get(s->references, "configmaps")) >
	    REFERENCES_MAX) {
		submit_refuse(a, e, "Invalid",
			      "spec.environment: it refers to more than 64 Secrets and ConfigMaps");
		return false;
	}
	return references_are_there(a, e);
}
