/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volumes whose files are made: of ConfigMaps, Secrets and the pod itself. */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/path_text.h"
#include "sync-agent/pods/translation.h"

static struct json_object *list_of(struct json_object *o, const char *name)
{
	struct json_object *list = json_get(o, name);

	if (list)
		return list;
	list = json_object_new_array();
	json_object_object_add(o, name, list);
	return list;
}

static int take_mode(struct translation *t, const struct pod_row *row, const char *path,
		     struct json_object *value)
{
	if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0 ||
	    json_object_get_int64(value) > 0777)
		return pod_wrong(t, path, "it is no mode from 0 to 0777");
	json_object_object_add(t->container, "mode", json_object_get(value));
	return 0;
}

/* A path of a file in a volume. */
int pod_take_path(struct translation *t, const struct pod_row *row, const char *path,
		  struct json_object *value)
{
	const char *text = json_object_get_string(value);

	if (pod_check_text(t, path, value, 1024) < 0)
		return -1;
	if (text[0] == '/' || path_text_has_parent(text))
		return pod_wrong(t, path, "'%.100s' leads out of the volume", text);
	return pod_copy(t, row, path, value);
}

static int take_key(struct translation *t, const struct pod_row *row, const char *path,
		    struct json_object *value)
{
	return pod_check_text(t, path, value, 253) < 0 ? -1 : pod_copy(t, row, path, value);
}

static const struct pod_row item_rows[] = {
	{ "key", take_key, NULL },
	{ "path", pod_take_path, NULL },
	{ "mode", take_mode, NULL },
};

/* t->container is the source. */
static int take_item(struct translation *t, const char *path, struct json_object *element)
{
	struct json_object *source = t->container, *o = json_object_new_object();
	int rc;

	json_object_array_add(list_of(source, "items"), o);
	t->container = o;
	rc = TAKE_ROWS(t, item_rows, path, element);
	t->container = source;
	if (rc == 0 && (!json_get(o, "key") || !json_get(o, "path")))
		return pod_wrong(t, path, "it names no key, or no path for it");
	return rc;
}

static int take_items(struct translation *t, const struct pod_row *row, const char *path,
		      struct json_object *value)
{
	return pod_each(t, path, value, take_item);
}

static int take_optional(struct translation *t, const struct pod_row *row, const char *path,
			 struct json_object *value)
{
	json_set_bool(t->container, "optional", json_object_get_boolean(value));
	return 0;
}

static int take_source_name(struct translation *t, const struct pod_row *row, const char *path,
			    struct json_object *value)
{
	return take_key(t, &(struct pod_row){ row->name, NULL, "name" }, path, value);
}

static const struct pod_row source_rows[] = {
	{ "name", take_source_name, NULL }, { "secretName", take_source_name, NULL },
	{ "items", take_items, NULL },	    { "optional", take_optional, NULL },
	{ "defaultMode", take_mode, NULL },
};

/* A Secret or a ConfigMap as (a part of) a volume. kind: configMapRef, secretRef. */
static int take_object(struct translation *t, const char *kind, const char *path,
		       struct json_object *value)
{
	struct json_object *volume = t->container, *o = json_object_new_object(), *items;
	const char *name, *variable;
	bool required;

	json_object_array_add(list_of(volume, "sources"), o);
	t->container = o;
	if (TAKE_ROWS(t, source_rows, path, value) < 0)
		return -1;
	t->container = volume;
	name = json_get_string(o, "name");
	required = !json_get_bool(o, "optional", false);
	items = json_get(o, "items");
	variable = pod_reference(t, path, kind, name,
				 items ? json_get_string(json_object_array_get_idx(items, 0), "key")
				       : NULL,
				 required);
	for (size_t i = 1; variable && i < json_length(items); i++)
		variable = pod_reference(
			t, path, kind, name,
			json_get_string(json_object_array_get_idx(items, i), "key"), required);
	if (!variable)
		return -1;
	json_set_string(o, "from", variable);
	json_object_object_add(o, "title", pod_reference_title(kind, name));
	json_object_object_del(o, "name");
	return 0;
}

/* A source's defaultMode is the volume's. */
int pod_take_files(struct translation *t, const struct pod_row *row, const char *path,
		   struct json_object *value)
{
	struct json_object *mode;

	json_set_string(t->container, "type", "files");
	if (take_object(t, row->text, path, value) < 0)
		return -1;
	mode = json_get(value, "defaultMode");
	if (mode)
		json_object_object_add(t->container, "mode", json_object_get(mode));
	return 0;
}

/* -- downwardAPI ------------------------------------------------------------------------------ */

/* All labels or annotations, as kubelet writes them: KEY="VALUE" and a line end. */
static char *all_of(struct json_object *map)
{
	char *text = strdup("");

	if (!json_object_is_type(map, json_type_object))
		return text;
	json_object_object_foreach (map, key, value) {
		_cleanup_json_ struct json_object *s =
			json_object_new_string(json_object_get_string(value));
		_cleanup_free_ char *before = text;

		if (asprintf(&text, "%s%s=%s\n", before, key,
			     json_object_to_json_string_ext(
				     s, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)) <
		    0)
			return NULL;
	}
	return text;
}

static int take_downward_field(struct translation *t, const struct pod_row *row, const char *path,
			       struct json_object *value)
{
	const char *field = json_get_string(value, "fieldPath") ?: "", *runtime = NULL;
	_cleanup_free_ char *text = NULL;

	if (!strcmp(field, "metadata.labels") || !strcmp(field, "metadata.annotations"))
		text = all_of(json_get(t->pod, field));
	else if (pod_field_ref(t, path, value, &text, &runtime) < 0)
		return -1;
	if (runtime)
		return pod_wrong(t, path,
				 "'%.60s' is known when the job runs, not in a file before", field);
	json_set_string(t->container, "value", text);
	return 0;
}

static struct json_object *container_named(struct translation *t, const char *name)
{
	struct json_object *list = json_get(t->pod, "spec.containers");

	for (size_t i = 0; name && i < json_length(list); i++) {
		struct json_object *c = json_object_array_get_idx(list, i);
		const char *own = json_get_string(c, "name");

		if (own && !strcmp(own, name))
			return c;
	}
	return NULL;
}

static int take_downward_resource(struct translation *t, const struct pod_row *row,
				  const char *path, struct json_object *value)
{
	_cleanup_free_ char *text = NULL;

	t->source = container_named(t, json_get_string(value, "containerName"));
	if (pod_resource_ref(t, path, value, &text) < 0)
		return -1;
	json_set_string(t->container, "value", text);
	return 0;
}

static const struct pod_row downward_rows[] = {
	{ "path", pod_take_path, NULL },
	{ "fieldRef", take_downward_field, NULL },
	{ "resourceFieldRef", take_downward_resource, NULL },
	{ "mode", take_mode, NULL },
};

static int take_downward_item(struct translation *t, const char *path, struct json_object *element)
{
	struct json_object *volume = t->container, *o = json_object_new_object();
	int rc;

	json_object_array_add(list_of(volume, "sources"), o);
	t->container = o;
	rc = TAKE_ROWS(t, downward_rows, path, element);
	t->container = volume;
	if (rc == 0 && (!json_get(o, "path") || !json_get(o, "value")))
		return pod_wrong(t, path, "it has no path, or nothing to put there");
	return rc;
}

static int take_downward_items(struct translation *t, const struct pod_row *row, const char *path,
			       struct json_object *value)
{
	return pod_each(t, path, value, take_downward_item);
}

static const struct pod_row downward_volume_rows[] = {
	{ "items", take_downward_items, NULL },
	{ "defaultMode", take_mode, NULL },
};

int pod_take_downward(struct translation *t, const struct pod_row *row, const char *path,
		      struct json_object *value)
{
	json_set_string(t->container, "type", "files");
	return TAKE_ROWS(t, downward_volume_rows, path, value);
}

/* -- projected -------------------------------------------------------------------------------- */

static int take_projected_object(struct translation *t, const struct pod_row *row, const char *path,
				 struct json_object *value)
{
	return take_object(t, row->text, path, value);
}

static const struct pod_row projected_source_rows[] = {
	{ "configMap", take_projected_object, "configMapRef" },
	{ "secret", take_projected_object, "secretRef" },
	{ "downwardAPI", pod_take_downward, NULL },
	{ "serviceAccountToken", pod_refuse,
	  "a Slurm job gets no token of a service account: it runs as the namespace's Unix user" },
	{ "clusterTrustBundle", pod_refuse, NULL },
	{ "podCertificate", pod_refuse, NULL },
};

static int take_projected_source(struct translation *t, const char *path,
				 struct json_object *element)
{
	return TAKE_ROWS(t, projected_source_rows, path, element);
}

static int take_projected_sources(struct translation *t, const struct pod_row *row,
				  const char *path, struct json_object *value)
{
	return pod_each(t, path, value, take_projected_source);
}

static const struct pod_row projected_rows[] = {
	{ "sources", take_projected_sources, NULL },
	{ "defaultMode", take_mode, NULL },
};

int pod_take_projected(struct translation *t, const struct pod_row *row, const char *path,
		       struct json_object *value)
{
	json_set_string(t->container, "type", "files");
	return TAKE_ROWS(t, projected_rows, path, value);
}
