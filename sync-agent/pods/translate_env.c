/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Environment of a container. Values of Secrets are in no object: the plan names the variable of
 * the job that will hold them. */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/pod_path.h"
#include "sync-agent/mirror/quantity.h"
#include "sync-agent/pods/translation.h"

/* -- fieldRef --------------------------------------------------------------------------------- */

/* What only the node knows. */
static const struct {
	const char *path, *word;
} runtime_fields[] = {
	{ "spec.nodeName", "node" },
	{ "status.hostIP", "address" },
	{ "status.hostIPs", "address" },
	{ "status.podIP", "address" }, /* the network is the node's */
	{ "status.podIPs", "address" },
};

static const char *const pod_fields[] = { "metadata.name", "metadata.namespace", "metadata.uid",
					  "spec.serviceAccountName" };

/* "metadata.labels['KEY']" */
static char *read_key(struct translation *t, const char *path, char key[320])
{
	static const char *const maps[] = { "metadata.labels", "metadata.annotations" };

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		struct json_object *value = NULL;
		size_t n = strlen(maps[i]);

		if (strncmp(path, maps[i], n) || sscanf(path + n, "['%316[^']']", key) != 1)
			continue;
		json_object_object_get_ex(json_get(t->pod, maps[i]), key, &value);
		return strdup(value ? json_object_get_string(value) : "");
	}
	return NULL;
}

int pod_field_ref(struct translation *t, const char *path, struct json_object *ref, char **ret,
		  const char **runtime)
{
	const char *field = json_get_string(ref, "fieldPath") ?: "";
	char key[320];

	*ret = NULL;
	*runtime = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(runtime_fields); i++)
		if (!strcmp(field, runtime_fields[i].path)) {
			*runtime = runtime_fields[i].word;
			return 0;
		}
	for (size_t i = 0; i < ARRAY_SIZE(pod_fields); i++)
		if (!strcmp(field, pod_fields[i])) {
			*ret = strdup(json_get_string(t->pod, field) ?: "");
			return *ret ? 0 : -1;
		}
	*ret = read_key(t, field, key);
	if (!*ret)
		return pod_wrong(t, path, "'%.100s' is no field that a container can be told",
				 field);
	return 0;
}

/* -- resourceFieldRef ------------------------------------------------------------------------- */

int pod_resource_ref(struct translation *t, const char *path, struct json_object *ref, char **ret)
{
	const char *name = json_get_string(ref, "resource") ?: "", *value;
	struct json_object *divisor = json_get(ref, "divisor");
	char kind[16] = "", resource[64] = "";
	int64_t amount, unit = 1000;

	sscanf(name, "%15[a-z].%63s", kind, resource);
	if (strcmp(kind, "limits") && strcmp(kind, "requests"))
		return pod_wrong(t, path, "'%.60s' is no resource of a container", name);
	if (divisor && quantity_parse(json_object_get_string(divisor), 1000, &unit) < 0)
		return pod_wrong(t, path, "'%.60s' is no amount", json_object_get_string(divisor));
	if (!unit)
		unit = 1000; /* "0" is what the API server writes for none */
	value = json_object_get_string(
		json_member(json_get(json_get(t->source, "resources"), kind), resource));
	if (!value || quantity_parse(value, 1000, &amount) < 0)
		return pod_wrong(t, path, "the container has no %.60s to tell of", name);
	if (asprintf(ret, "%lld", (long long)(amount / unit + (amount % unit != 0))) < 0)
		*ret = NULL;
	return *ret ? 0 : -1;
}

/* -- env -------------------------------------------------------------------------------------- */

static int take_field_ref(struct translation *t, const struct pod_row *row, const char *path,
			  struct json_object *value)
{
	struct json_object *to = t->container;
	_cleanup_free_ char *text = NULL;
	const char *runtime;

	if (pod_field_ref(t, path, value, &text, &runtime) < 0)
		return -1;
	json_set_string(to, runtime ? "field" : "value", runtime ? runtime : text);
	return 0;
}

static int take_resource_ref(struct translation *t, const struct pod_row *row, const char *path,
			     struct json_object *value)
{
	_cleanup_free_ char *text = NULL;

	if (pod_resource_ref(t, path, value, &text) < 0)
		return -1;
	json_set_string(t->container, "value", text);
	return 0;
}

static int take_key_ref(struct translation *t, const struct pod_row *row, const char *path,
			struct json_object *value)
{
	const char *name = json_get_string(value, "name"), *key = json_get_string(value, "key");
	bool optional = json_get_bool(value, "optional", false);
	const char *variable = pod_reference(t, path, row->text, name, key ? key : "", !optional);

	if (!variable)
		return -1;
	json_set_string(t->container, "from", variable);
	json_set_string(t->container, "key", key);
	json_set_bool(t->container, "optional", optional);
	json_object_object_add(t->container, "title", pod_reference_title(row->text, name));
	return 0;
}

static const struct pod_row value_from_rows[] = {
	{ "fieldRef", take_field_ref, NULL },
	{ "resourceFieldRef", take_resource_ref, NULL },
	{ "configMapKeyRef", take_key_ref, "configMapRef" },
	{ "secretKeyRef", take_key_ref, "secretRef" },
	{ "fileKeyRef", pod_refuse, NULL },
};

static int take_value_from(struct translation *t, const struct pod_row *row, const char *path,
			   struct json_object *value)
{
	return TAKE_ROWS(t, value_from_rows, path, value);
}

static int take_name(struct translation *t, const struct pod_row *row, const char *path,
		     struct json_object *value)
{
	const char *name = json_object_get_string(value);

	if (pod_check_text(t, path, value, 256) < 0)
		return -1;
	if (!name[0] || strchr(name, '=') || strchr(name, ','))
		return pod_wrong(t, path, "'%.60s' can't be a variable's name", name);
	if (!strncmp(name, "SLURM_", 6) || !strncmp(name, "SPANK_", 6) ||
	    !strncmp(name, "SRUN_", 5))
		return pod_wrong(t, path, "'%.60s': variables of this name are Slurm's", name);
	return pod_copy(t, row, path, value);
}

static int take_text(struct translation *t, const struct pod_row *row, const char *path,
		     struct json_object *value)
{
	return pod_check_text(t, path, value, 120000) < 0 ? -1 : pod_copy(t, row, path, value);
}

static const struct pod_row env_rows[] = {
	{ "name", take_name, NULL },
	{ "value", take_text, NULL },
	{ "valueFrom", take_value_from, NULL },
};

/* t->container is the variable while its fields are taken. */
static int take_into(struct translation *t, const char *list, const struct pod_row *rows, size_t n,
		     const char *path, struct json_object *element)
{
	struct json_object *container = t->container, *o = json_object_new_object();
	int rc;

	json_object_array_add(json_get(container, list), o);
	t->container = o;
	rc = pod_rows_take(t, rows, n, path, element);
	t->container = container;
	return rc;
}

static int take_variable(struct translation *t, const char *path, struct json_object *element)
{
	return take_into(t, "env", env_rows, ARRAY_SIZE(env_rows), path, element);
}

int pod_take_env(struct translation *t, const struct pod_row *row, const char *path,
		 struct json_object *value)
{
	json_object_object_add(t->container, "env", json_object_new_array());
	return pod_each(t, path, value, take_variable);
}

/* -- envFrom ---------------------------------------------------------------------------------- */

static int take_ref(struct translation *t, const struct pod_row *row, const char *path,
		    struct json_object *value)
{
	const char *name = json_get_string(value, "name");
	bool optional = json_get_bool(value, "optional", false);
	const char *variable = pod_reference(t, path, row->name, name, NULL, !optional);

	if (!variable)
		return -1;
	json_set_string(t->container, "from", variable);
	json_set_bool(t->container, "optional", optional);
	json_object_object_add(t->container, "title", pod_reference_title(row->name, name));
	return 0;
}

static const struct pod_row env_from_rows[] = {
	{ "prefix", take_text, NULL },
	{ "configMapRef", take_ref, NULL },
	{ "secretRef", take_ref, NULL },
};

static int take_source(struct translation *t, const char *path, struct json_object *element)
{
	return take_into(t, "envFrom", env_from_rows, ARRAY_SIZE(env_from_rows), path, element);
}

int pod_take_env_from(struct translation *t, const struct pod_row *row, const char *path,
		      struct json_object *value)
{
	json_object_object_add(t->container, "envFrom", json_object_new_array());
	return pod_each(t, path, value, take_source);
}
