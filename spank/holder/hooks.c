/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/hooks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"

static const char *const names[HOOK_STAGES] = {
	[HOOK_PRESTART] = "prestart",
	[HOOK_CREATE_RUNTIME] = "createRuntime",
	[HOOK_CREATE_CONTAINER] = "createContainer",
	[HOOK_START_CONTAINER] = "startContainer",
	[HOOK_POSTSTART] = "poststart",
	[HOOK_POSTSTOP] = "poststop",
};

const char *hook_stage_name(enum hook_stage stage)
{
	return names[stage];
}

static void free_strings(char **strings)
{
	for (char **p = strings; p && *p; p++)
		free(*p);
	free(strings);
}

static void free_hook(struct hook *h)
{
	free(h->path);
	free_strings(h->args);
	free_strings(h->env);
}

/* A copy of an array of strings that ends in NULL; an empty one if there is none.
 * first: what it begins with where the array is missing, or NULL. */
static int copy_strings(struct json_object *array, const char *name, const char *first, char ***ret,
			struct error *err)
{
	size_t n = json_length(array);

	if (array && !json_object_is_type(array, json_type_array))
		return error_set(err, EINVAL, "%s is not an array", name);
	*ret = calloc(n + 2, sizeof(**ret));
	if (!*ret)
		return error_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		struct json_object *item = json_object_array_get_idx(array, i);

		if (!json_object_is_type(item, json_type_string))
			return error_set(err, EINVAL, "%s[%zu] is not a string", name, i);
		(*ret)[i] = strdup(json_object_get_string(item));
		if (!(*ret)[i])
			return error_set(err, ENOMEM, "out of memory");
	}
	if (n == 0 && first && !((*ret)[0] = strdup(first)))
		return error_set(err, ENOMEM, "out of memory");
	return 0;
}

static int fill_hook(struct hook *h, struct json_object *o, struct error *err)
{
	const char *path = json_get_string(o, "path");
	struct json_object *timeout = json_get(o, "timeout");
	int64_t seconds = json_get_int(o, "timeout", 0);

	if (!path || path[0] != '/')
		return error_set(err, EINVAL, "its path '%s' is not absolute", path ? path : "");
	if (timeout && (seconds <= 0 || seconds > 24 * 3600))
		return error_set(err, EINVAL, "%s: its timeout is not between 1 and 86400 seconds",
				 path);
	h->timeout = timeout ? (int)seconds : HOOK_TIMEOUT;
	h->path = strdup(path);
	if (!h->path)
		return error_set(err, ENOMEM, "out of memory");
	if (copy_strings(json_get(o, "args"), "args", path, &h->args, err) < 0 ||
	    copy_strings(json_get(o, "env"), "env", NULL, &h->env, err) < 0)
		return error_wrap(err, "%s", path);
	return 0;
}

int hooks_add(struct hooks *h, enum hook_stage stage, struct json_object *description,
	      struct error *err)
{
	struct hook hook = {.stage = stage};
	struct hook *items;

	if (h->count == HOOKS_MAX)
		return error_set(err, E2BIG, "more than %d hooks", HOOKS_MAX);
	items = realloc(h->items, (h->count + 1) * sizeof(*items));
	if (!items)
		return error_set(err, ENOMEM, "out of memory");
	h->items = items;
	if (fill_hook(&hook, description, err) < 0) {
		free_hook(&hook);
		return error_wrap(err, "%s hook", names[stage]);
	}
	h->items[h->count++] = hook;
	return 0;
}

int hooks_add_named(struct hooks *h, const char *stage, struct json_object *description,
		    struct error *err)
{
	for (size_t i = 0; stage && i < HOOK_STAGES; i++)
		if (!strcmp(stage, names[i]))
			return hooks_add(h, i, description, err);
	return error_set(err, EINVAL, "there is no hook '%s'", stage ? stage : "");
}

int hooks_parse(struct hooks *h, struct json_object *object, struct error *err)
{
	if (!object)
		return 0;
	if (!json_object_is_type(object, json_type_object))
		return error_set(err, EINVAL, "hooks is not an object");
	for (size_t stage = 0; stage < HOOK_STAGES; stage++) {
		struct json_object *list = json_get(object, names[stage]);

		if (list && !json_object_is_type(list, json_type_array))
			return error_set(err, EINVAL, "hooks.%s is not an array", names[stage]);
		for (size_t i = 0; i < json_length(list); i++)
			if (hooks_add(h, stage, json_object_array_get_idx(list, i), err) < 0)
				return -1;
	}
	return 0;
}

bool hooks_have(const struct hooks *h, enum hook_stage stage)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->items[i].stage == stage)
			return true;
	return false;
}

static struct json_object *strings_to_json(char *const *strings)
{
	struct json_object *array = json_object_new_array();

	for (; *strings; strings++)
		json_object_array_add(array, json_object_new_string(*strings));
	return array;
}

static struct json_object *hook_to_json(const struct hook *h)
{
	struct json_object *o = json_object_new_object();

	json_set_string(o, "path", h->path);
	json_object_object_add(o, "args", strings_to_json(h->args));
	json_object_object_add(o, "env", strings_to_json(h->env));
	json_set_int(o, "timeout", h->timeout);
	return o;
}

struct json_object *hooks_to_json(const struct hooks *h)
{
	struct json_object *o = h->count ? json_object_new_object() : NULL;

	for (size_t i = 0; i < h->count; i++) {
		const char *name = names[h->items[i].stage];
		struct json_object *list = json_get(o, name);

		if (!list) {
			list = json_object_new_array();
			json_object_object_add(o, name, list);
		}
		json_object_array_add(list, hook_to_json(&h->items[i]));
	}
	return o;
}

void hooks_free(struct hooks *h)
{
	for (size_t i = 0; i < h->count; i++)
		free_hook(&h->items[i]);
	free(h->items);
	*h = (struct hooks){0};
}
