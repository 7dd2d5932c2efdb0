/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs between a Node and what it is to be. Others write there, too: kubectl label and
 * cordon, the node life cycle controller's taints and conditions. */
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/mirror/node.h"
#include "sync-agent/mirror/node_labels.h"
#include "sync-agent/mirror/quantity.h"

static bool same(struct json_object *a, struct json_object *b)
{
	return json_object_equal(a, b);
}

/* The API server spells amounts in its own way: 10k for 10000. */
static bool same_amount(struct json_object *a, struct json_object *b)
{
	int64_t x, y;

	return a && b && quantity_parse(json_object_get_string(a), 1, &x) == 0 &&
	       quantity_parse(json_object_get_string(b), 1, &y) == 0 && x == y;
}

/* In patch: what wanted has and is has not, and null for what is ours and not wanted any more. */
static void differ(struct json_object *is, struct json_object *wanted, bool (*ours)(const char *key),
		   bool (*equal)(struct json_object *a, struct json_object *b), struct json_object *patch)
{
	json_object_object_foreach (wanted, key, value) {
		if (!equal(value, json_member(is, key)))
			json_object_object_add(patch, key, json_object_get(value));
	}
	if (!json_object_is_type(is, json_type_object))
		return;
	json_object_object_foreach (is, key2, value2) {
		(void)value2;
		if (ours(key2) && !json_member(wanted, key2))
			json_object_object_add(patch, key2, NULL);
	}
}

static bool every(const char *key)
{
	return true;
}

/* Put part into o, if there is anything in it. */
static void put(struct json_object *o, const char *key, struct json_object *part)
{
	if (json_object_object_length(part))
		json_object_object_add(o, key, part);
	else
		json_object_put(part);
}

static struct json_object *with_ours(struct json_object *is, struct json_object *wanted)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < json_length(is); i++) {
		struct json_object *taint = json_object_array_get_idx(is, i);
		const char *key = json_get_string(taint, "key");

		if (key && strcmp(key, NODE_TAINT))
			json_object_array_add(list, json_object_get(taint));
	}
	for (size_t i = 0; i < json_length(wanted); i++)
		json_object_array_add(list, json_object_get(json_object_array_get_idx(wanted, i)));
	return list;
}

static bool has_ours(struct json_object *is, struct json_object *wanted)
{
	for (size_t i = 0; i < json_length(is); i++)
		if (same(json_object_array_get_idx(is, i), json_object_array_get_idx(wanted, 0)))
			return true;
	return false;
}

/* Somebody's cordon stays; ours goes when its reason does. */
static void differ_cordon(struct json_object *is, struct json_object *wanted,
			  struct json_object *patch)
{
	bool before = json_get_bool(is, "spec.unschedulable", false);
	bool to_be = json_get_bool(wanted, "spec.unschedulable", false);
	bool by_us = json_member(json_get(is, "metadata.annotations"), NODE_CORDONED) != NULL;

	if (to_be && !before)
		json_set_bool(patch, "unschedulable", true);
	else if (!to_be && before && by_us)
		json_object_object_add(patch, "unschedulable", NULL);
}

struct json_object *node_patch(struct json_object *is, struct json_object *wanted)
{
	struct json_object *o = json_object_new_object(), *metadata = json_object_new_object();
	struct json_object *labels = json_object_new_object(), *spec = json_object_new_object();
	struct json_object *annotations = json_object_new_object();
	struct json_object *theirs = json_get(is, "spec.taints"),
			   *taint = json_get(wanted, "spec.taints");

	differ(json_get(is, "metadata.labels"), json_get(wanted, "metadata.labels"), node_label_is_ours,
	       same, labels);
	differ(json_get(is, "metadata.annotations"), json_get(wanted, "metadata.annotations"),
	       node_label_is_ours, same, annotations);
	differ_cordon(is, wanted, spec);
	if (!has_ours(theirs, taint))
		json_object_object_add(spec, "taints", with_ours(theirs, taint));
	put(metadata, "labels", labels);
	put(metadata, "annotations", annotations);
	put(o, "metadata", metadata);
	put(o, "spec", spec);
	if (json_object_object_length(o))
		return o;
	json_object_put(o);
	return NULL;
}

/* -- status --------------------------------------------------------------------------------- */

static bool same_text(struct json_object *a, struct json_object *b, const char *key)
{
	const char *x = json_get_string(a, key), *y = json_get_string(b, key);

	return x && y ? !strcmp(x, y) : x == y;
}

/* The list as it is to be. *differs: not only in times and numbers of nodes. */
static struct json_object *merge_conditions(struct json_object *is, struct json_object *wanted,
					    bool *differs)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < json_length(is); i++) {
		struct json_object *c = json_object_array_get_idx(is, i);

		if (!json_find(wanted, "type", json_get_string(c, "type")))
			json_object_array_add(list, json_object_get(c));
	}
	for (size_t i = 0; i < json_length(wanted); i++) {
		struct json_object *c = json_object_array_get_idx(wanted, i), *copy = NULL;
		struct json_object *before = json_find(is, "type", json_get_string(c, "type"));

		json_object_deep_copy(c, &copy, NULL);
		*differs |= !before || !same_text(before, c, "status") ||
			    !same_text(before, c, "reason");
		/* Since when it has that status, it says already. */
		if (before && same_text(before, c, "status"))
			json_set_string(copy, "lastTransitionTime",
					json_get_string(before, "lastTransitionTime"));
		json_object_array_add(list, copy);
	}
	return list;
}

static void differ_amounts(struct json_object *is, struct json_object *wanted, const char *key,
			   struct json_object *patch)
{
	struct json_object *o = json_object_new_object();

	differ(json_member(is, key), json_member(wanted, key), every, same_amount, o);
	put(patch, key, o);
}

/* API servers before 1.35 don't keep it: it goes along, and is no reason to write. */
static void differ_features(struct json_object *is, struct json_object *wanted,
			    struct json_object *patch)
{
	static const char key[] = "declaredFeatures";
	struct json_object *value = json_member(wanted, key);

	if (value && !same(value, json_member(is, key)))
		json_object_object_add(patch, key, json_object_get(value));
}

struct json_object *node_status_patch(struct json_object *is, struct json_object *wanted,
				      bool *urgent)
{
	static const char *const amounts[] = { "capacity", "allocatable" };
	static const char *const wholes[] = { "addresses", "daemonEndpoints", "nodeInfo" };
	struct json_object *before = json_get(is, "status"), *after = json_get(wanted, "status");
	struct json_object *patch = json_object_new_object(), *o;
	struct json_object *list = merge_conditions(json_member(before, "conditions"),
						    json_member(after, "conditions"), urgent);

	for (size_t i = 0; i < ARRAY_SIZE(amounts); i++)
		differ_amounts(before, after, amounts[i], patch);
	for (size_t i = 0; i < ARRAY_SIZE(wholes); i++) {
		struct json_object *value = json_member(after, wholes[i]);

		if (!value || same(value, json_member(before, wholes[i])))
			continue;
		if (!json_member(before, wholes[i]) && json_object_is_type(value, json_type_array) &&
		    !json_length(value))
			continue;
		json_object_object_add(patch, wholes[i], json_object_get(value));
		*urgent = true;
	}
	if (!*urgent && !json_object_object_length(patch)) {
		json_object_put(list);
		json_object_put(patch);
		return NULL;
	}
	json_object_object_add(patch, "conditions", list);
	differ_features(before, after, patch);
	o = json_object_new_object();
	json_object_object_add(o, "status", patch);
	return o;
}
