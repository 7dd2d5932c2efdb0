/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/submit/references.h"

#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/kube/base64.h"

static const struct {
	const char *field, *kind, *title;
	bool whole; /* not one key, but all, or those listed */
} reference_kinds[] = {
	{ "secretKeyRef", "secrets", "Secret", false },
	{ "configMapKeyRef", "configmaps", "ConfigMap", false },
	{ "secretRef", "secrets", "Secret", true },
	{ "configMapRef", "configmaps", "ConfigMap", true },
};

static void note_references(struct json_object *found, struct json_object *from)
{
	for (size_t i = 0; i < ARRAY_SIZE(reference_kinds); i++) {
		struct json_object *o = json_get(from, reference_kinds[i].field);
		const char *name = json_get_string(o, "name");

		if (name)
			json_set_bool(json_get(found, reference_kinds[i].kind), name, true);
	}
}

struct json_object *submit_references_of(struct json_object *spec)
{
	struct json_object *found = json_object_new_object();
	struct json_object *list = json_get(spec, "environment");

	json_object_object_add(found, "secrets", json_object_new_object());
	json_object_object_add(found, "configmaps", json_object_new_object());
	for (size_t i = 0; i < json_length(list); i++)
		note_references(found, json_get(json_object_array_get_idx(list, i), "valueFrom"));
	note_references(found, json_get(spec, "scriptFrom"));
	return found;
}

static char *base64_of(struct json_object *text)
{
	return base64_encode(json_object_get_string(text), json_object_get_string_len(text));
}

/* Add to ret what an object has under key, as base64. */
static void add_key(struct json_object *ret, struct json_object *object, bool secret, const char *key)
{
	struct json_object *plain = json_member(json_get(object, "data"), key);
	struct json_object *binary = secret ? plain : json_member(json_get(object, "binaryData"), key);
	_cleanup_free_ char *text = NULL;

	if (binary)
		json_object_object_add(ret, key, json_object_get(binary));
	else if (plain && (text = base64_of(plain)))
		json_set_string(ret, key, text);
}

static void add_all_keys(struct json_object *ret, struct json_object *object, bool secret)
{
	static const char *const parts[] = { "data", "binaryData" };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		struct json_object *part = json_get(object, parts[i]);

		if (!json_object_is_type(part, json_type_object))
			continue;
		json_object_object_foreach(part, key, value) {
			(void)value;
			add_key(ret, object, secret, key);
		}
	}
}

/* {"KEY": "BASE64", ...} of an object; NULL with err filled if a key is missing that has to be there. */
static char *whole_object(const char *field, size_t kind, struct json_object *ref,
			  struct json_object *object, struct error *err)
{
	_cleanup_json_ struct json_object *ret = json_object_new_object();
	struct json_object *keys = json_get(ref, "keys");
	bool secret = !strcmp(reference_kinds[kind].kind, "secrets");

	if (!keys)
		add_all_keys(ret, object, secret);
	for (size_t i = 0; i < json_length(keys); i++) {
		struct json_object *k = json_object_array_get_idx(keys, i);
		const char *key = json_get_string(k, "key") ?: "";

		add_key(ret, object, secret, key);
		if (!json_member(ret, key) && !json_get_bool(k, "optional", false)) {
			error_set(err, ENOENT, "%s: the %s '%.100s' has no key '%.100s'", field,
				  reference_kinds[kind].title, json_get_string(ref, "name"), key);
			return NULL;
		}
	}
	return strdup(json_object_to_json_string_ext(ret, JSON_C_TO_STRING_PLAIN));
}

char *submit_referred(const char *field, struct json_object *from,
		      const struct submit_references *refs, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(reference_kinds); i++) {
		struct json_object *o = json_get(from, reference_kinds[i].field);
		const char *name = json_get_string(o, "name"), *key = json_get_string(o, "key");
		bool secret = !strcmp(reference_kinds[i].kind, "secrets");
		struct json_object *object, *value;

		if (!o)
			continue;
		object = json_member(secret ? refs->secrets : refs->config_maps, name);
		/* Where it is not there, there is only its name. */
		if (!json_object_is_type(object, json_type_object))
			object = NULL;
		err->code = 0;
		if (object && reference_kinds[i].whole)
			return whole_object(field, i, o, object, err);
		value = json_member(json_get(object, "data"), key);
		if (value)
			return secret ? base64_decode(json_object_get_string(value), NULL) :
					strdup(json_object_get_string(value));
		if (!json_get_bool(o, "optional", false))
			error_set(err, ENOENT, "%s: there is no %s '%.100s'%s%.100s%s", field,
				  reference_kinds[i].title, name ? name : "",
				  key ? " with the key '" : "", key ? key : "", key ? "'" : "");
		return NULL;
	}
	error_set(err, EINVAL, "%s: it names neither a Secret nor a ConfigMap", field);
	return NULL;
}

bool submit_reference_is_whole(struct json_object *from)
{
	for (size_t i = 0; i < ARRAY_SIZE(reference_kinds); i++)
		if (reference_kinds[i].whole && json_get(from, reference_kinds[i].field))
			return true;
	return false;
}
