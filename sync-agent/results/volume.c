/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/results/volume.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "common/path_text.h"

/* Kinds that are a folder somewhere. */
static const struct kind {
	const char *name, *path, *server;
} kinds[] = {
	{ "hostPath", "spec.hostPath.path", NULL },
	{ "local", "spec.local.path", NULL },
	{ "nfs", "spec.nfs.path", "spec.nfs.server" },
};

/* One of results.volumes, taken apart. */
struct mapping {
	char kind[16], server[256], where[PATH_MAX], folder[PATH_MAX];
};

static int clean(const char *path, size_t n, char *buf)
{
	char text[PATH_MAX];

	if (n >= sizeof(text) || path[0] != '/')
		return -1;
	memcpy(text, path, n);
	text[n] = '\0';
	return path_text_has_parent(text) ? -1 : path_text_join(NULL, text, buf, PATH_MAX);
}

/* Cut what is before the first c off. Returns 0, or -1 if there is none or it doesn't fit. */
static int cut(const char **text, char c, char *buf, size_t size)
{
	const char *end = strchr(*text, c);

	if (!end || end == *text || (size_t)(end - *text) >= size)
		return -1;
	memcpy(buf, *text, (size_t)(end - *text));
	buf[end - *text] = '\0';
	*text = end + 1;
	return 0;
}

static int parse(const char *word, struct mapping *ret)
{
	const char *equals;

	*ret = (struct mapping){ 0 };
	if (cut(&word, ':', ret->kind, sizeof(ret->kind)) < 0)
		return -1;
	if (!strcmp(ret->kind, "nfs") && cut(&word, ':', ret->server, sizeof(ret->server)) < 0)
		return -1;
	if (strchr(ret->server, '/'))
		return -1;
	equals = strstr(word, "=/");
	if (!equals && ret->server[0])
		return -1; /* the server's path is not ours */
	if (clean(word, equals ? (size_t)(equals - word) : strlen(word), ret->where) < 0)
		return -1;
	return equals ? clean(equals + 1, strlen(equals + 1), ret->folder)
		      : clean(word, strlen(word), ret->folder);
}

int results_check_volume(const char *word, struct error *err)
{
	struct mapping m;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (parse(word, &m) == 0 && !strcmp(m.kind, kinds[i].name))
			return 0;
	return error_set(err, EINVAL,
			 "'%.100s' is none of hostPath:/FOLDER[=/HERE], local:/FOLDER[=/HERE] and "
			 "nfs:SERVER:/EXPORT=/HERE",
			 word);
}

const char *result_volume_of(struct json_object *claim, struct error *err)
{
	const char *phase = json_get_string(claim, "status.phase") ?: "";
	const char *mode = json_get_string(claim, "spec.volumeMode");
	const char *name = json_get_string(claim, "spec.volumeName");
	const char *own = json_get_string(claim, "metadata.name") ?: "";

	if (mode && strcmp(mode, "Filesystem")) {
		error_set(err, EINVAL, "claim %.100s: its volume has no files (volumeMode %.20s)",
			  own, mode);
		return NULL;
	}
	if (!strcmp(phase, "Lost")) {
		error_set(err, EINVAL, "claim %.100s has lost its volume", own);
		return NULL;
	}
	if (!name || !name[0] || strcmp(phase, "Bound")) {
		error_set(err, EAGAIN, "claim %.100s is not bound to a volume yet", own);
		return NULL;
	}
	return name;
}

/* A claim says which volume it means; whether it has it the volume says. */
static bool is_bound_to(struct json_object *volume, struct json_object *claim)
{
	static const char *const same[][2] = { { "spec.claimRef.namespace", "metadata.namespace" },
					       { "spec.claimRef.name", "metadata.name" },
					       { "spec.claimRef.uid", "metadata.uid" } };

	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		const char *x = json_get_string(volume, same[i][0]);
		const char *y = json_get_string(claim, same[i][1]);

		if (!x || !y || strcmp(x, y))
			return false;
	}
	return true;
}

/* A volume's specification has one member for its kind, beside others of these names. */
static const char *kind_of(struct json_object *volume)
{
	static const char *const common[] = { "accessModes",	  "capacity",
					      "claimRef",	  "mountOptions",
					      "nodeAffinity",	  "persistentVolumeReclaimPolicy",
					      "storageClassName", "volumeAttributesClassName",
					      "volumeMode" };
	struct json_object *spec = json_get(volume, "spec");

	if (!json_object_is_type(spec, json_type_object))
		return "unknown";
	json_object_object_foreach (spec, name, value) {
		bool is_common = !json_object_is_type(value, json_type_object);

		for (size_t i = 0; i < ARRAY_SIZE(common); i++)
			is_common |= !strcmp(common[i], name);
		if (!is_common)
			return name;
	}
	return "unknown";
}

/* Returns 0, or -1 if the mapping isn't about that place. */
static int map(const char *word, const struct kind *k, const char *server, const char *path,
	       char *buf, size_t size)
{
	const char *rest;
	struct mapping m;
	int n;

	if (parse(word, &m) < 0 || strcmp(m.kind, k->name) || strcmp(m.server, server) ||
	    !path_text_is_in(path, m.where))
		return -1;
	rest = path + (strcmp(m.where, "/") ? strlen(m.where) : 0);
	n = snprintf(buf, size, "%s%s", strcmp(m.folder, "/") ? m.folder : "",
		     rest[0]		     ? rest
		     : strcmp(m.folder, "/") ? ""
					     : "/");
	return n < 0 || (size_t)n >= size ? -1 : 0;
}

static int find(const struct kind *k, struct json_object *volume, const struct words *volumes,
		char *buf, size_t size, struct error *err)
{
	const char *path = json_get_string(volume, k->path);
	const char *server = k->server ? json_get_string(volume, k->server) : "";
	const char *name = json_get_string(volume, "metadata.name") ?: "";
	char whole[PATH_MAX];

	if (json_get_bool(volume, "spec.nfs.readOnly", false))
		return error_set(err, EROFS, "volume %.100s is read-only", name);
	if (!path || !server || clean(path, strlen(path), whole) < 0)
		return error_set(err, EINVAL, "volume %.100s has no plain path", name);
	for (size_t i = 0; i < volumes->n; i++)
		if (map(volumes->list[i], k, server, whole, buf, size) == 0)
			return 0;
	return error_set(
		err, EPERM,
		"volume %.100s (%s:%.60s%s%.100s) is not one that the agent may write to: an "
		"administrator adds it to results.volumes of its configuration",
		name, k->name, server, server[0] ? ":" : "", whole);
}

int result_volume_folder(struct json_object *claim, struct json_object *volume,
			 const struct words *volumes, char *buf, size_t size, struct error *err)
{
	const char *kind = kind_of(volume);

	if (!is_bound_to(volume, claim))
		return error_set(err, EINVAL, "volume %.100s is not bound to that claim",
				 json_get_string(volume, "metadata.name") ?: "");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, kind))
			return find(&kinds[i], volume, volumes, buf, size, err);
	return error_set(
		err, ENOTSUP,
		"volume %.100s is of the kind %.60s, which the agent can't write to: hostPath, "
		"local and nfs work, or httpPut to a server that has it",
		json_get_string(volume, "metadata.name") ?: "", kind);
}
