/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The namespaces that mirrored jobs go to: each is looked at before the first object is made there,
 * made if it is missing, and not used for a user if its annotation says that it is another's. */
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/namespace.h"
#include "sync-agent/write.h"

#define LOOK_EVERY INT64_C(600000000) /* annotations change rarely */
#define LOOK_AGAIN INT64_C(60000000)  /* for one that is somebody else's */

struct namespace {
	char name[64];
	char user[256]; /* whom it was looked at for */
	bool fine;
	bool said;      /* that it is not */
	int64_t until;  /* monotonic: then it is looked at again */
	UT_hash_handle hh;
};

static struct namespace *find(struct agent *a, const char *name)
{
	struct namespace *n;

	HASH_FIND_STR(a->namespaces, name, n);
	return n;
}

static void note(struct agent *a, const struct entry *e, const char *user, bool fine)
{
	struct namespace *n = find(a, e->namespace);

	if (!n) {
		n = calloc(1, sizeof(*n));
		if (!n)
			return;
		snprintf(n->name, sizeof(n->name), "%s", e->namespace);
		HASH_ADD_STR(a->namespaces, name, n);
	}
	if (!fine && !(n->said && !strcmp(n->user, user)))
		log_warning("namespace %s is not %s's by its annotation " NAMESPACE_USER
			    ": jobs of %s get no object there until it is changed or taken off",
			    n->name, user, user);
	n->said = !fine;
	n->fine = fine;
	snprintf(n->user, sizeof(n->user), "%s", user);
	n->until = clock_us() + (fine ? LOOK_EVERY : LOOK_AGAIN);
}

static const char *user_of(const struct entry *e)
{
	return e->wanted ? e->wanted->jobs[0]->user : "";
}

static void made(struct write *w, struct json_object *object)
{
	log_info("made namespace %s", w->entry->namespace);
	note(w->agent, w->entry, user_of(w->entry), true);
}

void namespace_create(struct write *w)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *metadata = json_object_new_object();
	struct agent *a = w->agent;
	struct entry *e = w->entry;
	struct write next = { .agent = a, .entry = e, .what = "make its namespace",
			      .count = COUNT_WRITE_NAMESPACE, .done = made };

	if (!a->config.create_namespaces) {
		if (e->tries == 3)
			log_warning("there is no namespace %s for job %u, and namespaces.create is false",
				    e->namespace, e->id);
		sync_retry(a, e);
		return;
	}
	json_set_string(o, "apiVersion", "v1");
	json_set_string(o, "kind", "Namespace");
	json_set_string(metadata, "name", e->namespace);
	json_object_object_add(o, "metadata", metadata);
	if (strstr(a->config.namespace, "{user}") && e->wanted) {
		struct json_object *annotations = json_object_new_object();

		json_set_string(annotations, NAMESPACE_USER, user_of(e));
		json_object_object_add(metadata, "annotations", annotations);
	}
	write_send(a, &next, "POST", NULL, o, "/api/v1/namespaces?" MANAGER);
}

static void looked(struct write *w, struct json_object *object)
{
	const char *user = user_of(w->entry);

	if (object && user[0])
		note(w->agent, w->entry, user, namespace_is_for(object, user));
}

bool namespace_ready(struct agent *a, struct entry *e, const char *user)
{
	struct write w = { .agent = a, .entry = e, .what = "read its namespace",
			   .count = COUNT_READ, .done = looked, .missing = namespace_create };
	struct namespace *n = find(a, e->namespace);

	/* One for all is nobody's. */
	if (a->dry_run || !strstr(a->config.namespace, "{user}"))
		return true;
	if (!n || clock_us() > n->until || strcmp(n->user, user)) {
		write_send(a, &w, "GET", NULL, NULL, "/api/v1/namespaces/%s", e->namespace);
		return false;
	}
	if (!n->fine)
		sync_retry(a, e);
	return n->fine;
}

void namespaces_free(struct agent *a)
{
	struct namespace *n, *tmp;

	HASH_ITER(hh, a->namespaces, n, tmp) {
		HASH_DEL(a->namespaces, n);
		free(n);
	}
}
