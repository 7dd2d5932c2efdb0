/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ConfigMap that an entry is for. It belongs to the SlurmJob, and nobody else's is touched. */
#include <string.h>

#include "common/json.h"
#include "sync-agent/results/collection.h"
#include "sync-agent/results/entries.h"
#include "sync-agent/write.h"

#define SOON 200000 /* microseconds */
#define PATH_BYTES 1024

static const char *const kinds[] = { "data", "binaryData" };

static bool is_ours(struct json_object *map, const char *uid)
{
	struct json_object *owners = json_get(map, "metadata.ownerReferences");

	for (size_t i = 0; i < json_length(owners); i++) {
		const char *its = json_get_string(json_object_array_get_idx(owners, i), "uid");

		if (its && !strcmp(its, uid))
			return true;
	}
	return false;
}

static struct json_object *owners_of(const struct collection *c)
{
	struct json_object *list = json_object_new_array(), *o = json_object_new_object();

	json_set_string(o, "apiVersion", OBJECT_API_VERSION);
	json_set_string(o, "kind", "SlurmJob");
	json_set_string(o, "name", c->name);
	json_set_string(o, "uid", c->uid);
	json_object_array_add(list, o);
	return list;
}

/* The whole of it, made anew. version: of the one that it takes the place of; NULL: none. */
static struct json_object *whole(const struct collection *c, const char *name, const char *version)
{
	struct json_object *o = json_object_new_object(), *metadata = json_object_new_object();
	struct json_object *labels = json_object_new_object();
	char id[24];

	json_set_string(o, "apiVersion", "v1");
	json_set_string(o, "kind", "ConfigMap");
	json_set_string(metadata, "name", name);
	json_set_string(metadata, "namespace", c->namespace);
	json_set_string(metadata, "resourceVersion", version);
	snprintf(id, sizeof(id), "%lld", (long long)json_get_int(c->object, "status.jobId", 0));
	json_set_string(labels, OBJECT_GROUP "/job-id", id);
	json_object_object_add(metadata, "labels", labels);
	json_object_object_add(metadata, "ownerReferences", owners_of(c));
	json_object_object_add(o, "metadata", metadata);
	return o;
}

/* Only keys; those of the entries before stay. */
static struct json_object *part(const char *version)
{
	struct json_object *o = json_object_new_object(), *metadata = json_object_new_object();

	json_set_string(metadata, "resourceVersion", version);
	json_object_object_add(o, "metadata", metadata);
	return o;
}

static void stored(struct collection *c, const struct kube_answer *answer)
{
	char text[TEXT_MAX];

	if (answer->status == 200 || answer->status == 201) {
		collection_collected(c);
		return;
	}
	json_object_put(c->objects[OBJECT_MAP]);
	c->objects[OBJECT_MAP] = NULL;
	c->missing[OBJECT_MAP] = false;
	/* Somebody else wrote it, or it is gone: look again. */
	if (answer->status == 409 || answer->status == 404) {
		collection_wait(c, SOON);
		return;
	}
	if (collection_is_passing(c, answer))
		return;
	snprintf(text, sizeof(text), "the ConfigMap can't be written: %.600s%s", answer->problem,
		 answer->status == 403
			 ? ": an administrator binds the roles of crd/rbac.yaml to the agent"
			 : "");
	collection_failed(c, text);
}

static bool write_map(struct collection *c, const char *name, bool first)
{
	struct json_object *map = c->objects[OBJECT_MAP];
	const char *version = json_get_string(map, "metadata.resourceVersion");
	_cleanup_json_ struct json_object *body =
		first || !map ? whole(c, name, version) : part(version);
	char path[PATH_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (json_get(c->answer, kinds[i]))
			json_object_object_add(body, kinds[i],
					       json_object_get(json_get(c->answer, kinds[i])));
	snprintf(path, sizeof(path), "/api/v1/namespaces/%.253s/configmaps%s%.253s?" MANAGER,
		 c->namespace, map ? "/" : "", map ? name : "");
	metrics_count(&c->agent->metrics, COUNT_WRITE_OTHER);
	if (!map)
		return collection_request(c, "POST", path, NULL, body, stored);
	return collection_request(c, first ? "PUT" : "PATCH", path, first ? NULL : MERGE, body,
				  stored);
}

static void got_map(struct collection *c, const struct kube_answer *answer)
{
	char text[TEXT_MAX];

	if (answer->status == 200)
		c->objects[OBJECT_MAP] = json_parse(answer->body, answer->len, NULL);
	c->missing[OBJECT_MAP] = answer->status == 404;
	if (c->objects[OBJECT_MAP] || c->missing[OBJECT_MAP] || collection_is_passing(c, answer))
		return;
	snprintf(text, sizeof(text), "the ConfigMap can't be read: %.600s", answer->problem);
	collection_failed(c, text);
}

bool collect_store(struct collection *c)
{
	const char *name;
	char text[PATH_BYTES];
	bool first;

	if (result_target(collection_spec(c)) != RESULT_CONFIG_MAP) {
		collection_collected(c);
		return true;
	}
	name = result_config_map(c->list, c->at, &first);
	if (!c->objects[OBJECT_MAP] && !c->missing[OBJECT_MAP]) {
		snprintf(text, sizeof(text), "/api/v1/namespaces/%.253s/configmaps/%.253s",
			 c->namespace, name);
		return collection_request(c, "GET", text, NULL, NULL, got_map);
	}
	if (c->objects[OBJECT_MAP] && !is_ours(c->objects[OBJECT_MAP], c->uid)) {
		snprintf(text, sizeof(text),
			 "there is a ConfigMap %.253s that doesn't belong to this SlurmJob: delete "
			 "it, or "
			 "give another name",
			 name);
		collection_failed(c, text);
		return true;
	}
	return write_map(c, name, first);
}
