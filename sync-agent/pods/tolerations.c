/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/pods/tolerations.h"

#include <stdbool.h>
#include <string.h>

#include "common/json.h"

static const char *const taints[] = { "node.kubernetes.io/not-ready",
				      "node.kubernetes.io/unreachable" };

/* Of that taint, with effect NoExecute; those of operator Exists only, since its value is empty. */
static bool matches(struct json_object *toleration, const char *taint)
{
	const char *key = json_get_string(toleration, "key") ?: "";
	const char *effect = json_get_string(toleration, "effect") ?: "";
	const char *value = json_get_string(toleration, "value") ?: "";

	return (!key[0] || !strcmp(key, taint)) && (!effect[0] || !strcmp(effect, "NoExecute")) &&
	       !value[0];
}

static bool has_limit(struct json_object *toleration)
{
	bool of_one = false;

	for (size_t i = 0; i < ARRAY_SIZE(taints); i++)
		of_one |= matches(toleration, taints[i]);
	return of_one && json_get(toleration, "tolerationSeconds");
}

static struct json_object *without_limit(struct json_object *toleration)
{
	struct json_object *o = json_object_new_object();

	json_object_object_foreach (toleration, name, value) {
		if (strcmp(name, "tolerationSeconds"))
			json_object_object_add(o, name, json_object_get(value));
	}
	return o;
}

static struct json_object *of_taint(const char *taint)
{
	struct json_object *o = json_object_new_object();

	json_set_string(o, "key", taint);
	json_set_string(o, "operator", "Exists");
	json_set_string(o, "effect", "NoExecute");
	return o;
}

struct json_object *tolerations_needed(struct json_object *pod)
{
	struct json_object *is = json_get(pod, "spec.tolerations");
	_cleanup_json_ struct json_object *list = json_object_new_array();
	bool has[ARRAY_SIZE(taints)] = { false }, change = false;

	for (size_t i = 0; i < json_length(is); i++) {
		struct json_object *t = json_object_array_get_idx(is, i);
		bool limit = has_limit(t);

		for (size_t k = 0; k < ARRAY_SIZE(taints); k++)
			has[k] |= matches(t, taints[k]);
		change |= limit;
		json_object_array_add(list, limit ? without_limit(t) : json_object_get(t));
	}
	for (size_t k = 0; k < ARRAY_SIZE(taints); k++) {
		if (has[k])
			continue;
		change = true;
		json_object_array_add(list, of_taint(taints[k]));
	}
	return change ? TAKE_PTR(list) : NULL;
}
