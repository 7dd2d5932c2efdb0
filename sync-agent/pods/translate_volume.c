/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volumes, and where containers have them. */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/path_text.h"
#include "sync-agent/pods/translation.h"

#define TOKEN_PATH "/var/run/secrets/kubernetes.io/serviceaccount"

/* -- emptyDir, hostPath ----------------------------------------------------------------------- */

static const struct pod_row empty_dir_rows[] = {
	{ "medium", pod_copy, NULL },
	{ "sizeLimit", NULL, NULL }, /* the job's memory and the node's disk are the limit */
};

static int take_empty_dir(struct translation *t, const struct pod_row *row, const char *path,
			  struct json_object *value)
{
	const char *medium = json_get_string(value, "medium") ?: "";

	if (medium[0] && strcmp(medium, "Memory"))
		return pod_wrong(t, path, "medium '%.60s' can't be had, only Memory or none",
				 medium);
	json_set_string(t->container, "type", "emptyDir");
	return TAKE_ROWS(t, empty_dir_rows, path, value);
}

static bool is_allowed(const struct words *prefixes, const char *path)
{
	char clean[1024];

	if (!prefixes || path_text_has_parent(path) ||
	    path_text_join(NULL, path, clean, sizeof(clean)) < 0)
		return false;
	for (size_t i = 0; i < prefixes->n; i++)
		if (path_text_is_in(clean, prefixes->list[i]))
			return true;
	return false;
}

static int take_host_folder(struct translation *t, const struct pod_row *row, const char *path,
			    struct json_object *value)
{
	if (pod_check_text(t, path, value, 1000) < 0)
		return -1;
	if (!is_allowed(t->policy->host_paths, json_object_get_string(value)))
		return pod_wrong(t, path,
				 "'%.100s' is below none of the paths that the site allows "
				 "(pods.hostPaths of "
				 "the agent's configuration)",
				 json_object_get_string(value));
	return pod_copy(t, row, path, value);
}

static int take_host_type(struct translation *t, const struct pod_row *row, const char *path,
			  struct json_object *value)
{
	if (pod_refuse_unless(t, row, path, value) < 0)
		return -1;
	json_object_object_add(t->container, "check", json_object_get(value));
	return 0;
}

static const struct pod_row host_path_rows[] = {
	{ "path", take_host_folder, NULL },
	{ "type", take_host_type,
	  "Directory|DirectoryOrCreate|File|FileOrCreate|Socket|CharDevice|BlockDevice" },
};

static int take_host_path(struct translation *t, const struct pod_row *row, const char *path,
			  struct json_object *value)
{
	json_set_string(t->container, "type", "hostPath");
	return TAKE_ROWS(t, host_path_rows, path, value);
}

/* -- all -------------------------------------------------------------------------------------- */

static const char elsewhere[] = "a Slurm node can't mount it; emptyDir, hostPath, configMap, "
				"secret, downwardAPI and projected can be had";

static const struct pod_row volume_rows[] = {
	{ "name", pod_copy, NULL },
	{ "emptyDir", take_empty_dir, NULL },
	{ "hostPath", take_host_path, NULL },
	{ "configMap", pod_take_files, "configMapRef" },
	{ "secret", pod_take_files, "secretRef" },
	{ "downwardAPI", pod_take_downward, NULL },
	{ "projected", pod_take_projected, NULL },
	{ "awsElasticBlockStore", pod_refuse, elsewhere },
	{ "azureDisk", pod_refuse, elsewhere },
	{ "azureFile", pod_refuse, elsewhere },
	{ "cephfs", pod_refuse, elsewhere },
	{ "cinder", pod_refuse, elsewhere },
	{ "csi", pod_refuse, elsewhere },
	{ "ephemeral", pod_refuse, elsewhere },
	{ "fc", pod_refuse, elsewhere },
	{ "flexVolume", pod_refuse, elsewhere },
	{ "flocker", pod_refuse, elsewhere },
	{ "gcePersistentDisk", pod_refuse, elsewhere },
	{ "gitRepo", pod_refuse, elsewhere },
	{ "glusterfs", pod_refuse, elsewhere },
	{ "image", pod_refuse, elsewhere },
	{ "iscsi", pod_refuse, elsewhere },
	{ "nfs", pod_refuse, elsewhere },
	{ "persistentVolumeClaim", pod_refuse, elsewhere },
	{ "photonPersistentDisk", pod_refuse, elsewhere },
	{ "portworxVolume", pod_refuse, elsewhere },
	{ "quobyte", pod_refuse, elsewhere },
	{ "rbd", pod_refuse, elsewhere },
	{ "scaleIO", pod_refuse, elsewhere },
	{ "storageos", pod_refuse, elsewhere },
	{ "vsphereVolume", pod_refuse, elsewhere },
};

/* Does some container have that volume anywhere but where Kubernetes itself puts a token? */
static bool is_wanted_by(struct json_object *containers, const char *volume)
{
	for (size_t i = 0; i < json_length(containers); i++) {
		struct json_object *mounts =
			json_get(json_object_array_get_idx(containers, i), "volumeMounts");

		for (size_t j = 0; j < json_length(mounts); j++) {
			struct json_object *m = json_object_array_get_idx(mounts, j);
			const char *name = json_get_string(m, "name"),
				   *at = json_get_string(m, "mountPath");

			if (name && at && !strcmp(name, volume) && strcmp(at, TOKEN_PATH))
				return true;
		}
	}
	return false;
}

/* The volume with a token that Kubernetes adds to each pod by itself, unasked. */
static bool is_token(struct translation *t, struct json_object *volume, const char *name)
{
	return (!strncmp(name, "kube-api-access-", 16) || strstr(name, "-token-")) &&
	       (json_get(volume, "projected") || json_get(volume, "secret")) &&
	       !is_wanted_by(json_get(t->pod, "spec.containers"), name) &&
	       !is_wanted_by(json_get(t->pod, "spec.initContainers"), name);
}

static int take_volume(struct translation *t, const char *path, struct json_object *volume)
{
	const char *name = json_get_string(volume, "name");
	struct json_object *o;
	int rc;

	if (!name || !name[0] || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return pod_wrong(t, path, "it has no name, or one that is no DNS label");
	json_set_bool(t->volumes, name, !is_token(t, volume, name));
	if (is_token(t, volume, name))
		return 0;
	o = json_object_new_object();
	json_object_array_add(json_get(t->plan, "volumes"), o);
	t->container = o;
	rc = TAKE_ROWS(t, volume_rows, path, volume);
	t->container = NULL;
	/* The API's default for a volume without a type. */
	if (rc == 0 && !json_get(o, "type"))
		json_set_string(o, "type", "emptyDir");
	return rc;
}

int pod_take_volumes(struct translation *t, const struct pod_row *row, const char *path,
		     struct json_object *value)
{
	return pod_each(t, path, value, take_volume);
}

/* -- mounts ----------------------------------------------------------------------------------- */

static int take_target(struct translation *t, const struct pod_row *row, const char *path,
		       struct json_object *value)
{
	const char *text = json_object_get_string(value);
	char clean[1024];

	if (pod_check_text(t, path, value, 1000) < 0)
		return -1;
	if (path_text_join("/", text, clean, sizeof(clean)) < 0 || !strcmp(clean, "/"))
		return pod_wrong(t, path, "'%.100s' is no folder for a volume", text);
	json_set_string(t->container, "target", clean);
	return 0;
}

static const struct pod_row mount_rows[] = {
	{ "name", pod_copy, "volume" },
	{ "mountPath", take_target, NULL },
	{ "subPath", pod_take_path, NULL },
	{ "readOnly", pod_copy, NULL },
	{ "mountPropagation", pod_refuse_unless, "None" },
	{ "recursiveReadOnly", pod_refuse_unless, "Disabled|IfPossible" },
	{ "subPathExpr", pod_refuse, "use subPath" },
};

static int take_mount(struct translation *t, const char *path, struct json_object *mount)
{
	struct json_object *container = t->container, *o = json_object_new_object(), *known = NULL;
	const char *name = json_get_string(mount, "name");
	int rc;

	json_object_object_get_ex(t->volumes, name ? name : "", &known);
	if (known && !json_object_get_boolean(known)) {
		json_object_put(o);
		return 0;
	}
	json_object_array_add(json_get(container, "mounts"), o);
	if (!known)
		return pod_wrong(t, path, "there is no volume '%.60s'", name ? name : "");
	t->container = o;
	rc = TAKE_ROWS(t, mount_rows, path, mount);
	t->container = container;
	if (rc == 0 && !json_get(o, "target"))
		return pod_wrong(t, path, "it has no mountPath");
	return rc;
}

int pod_take_mounts(struct translation *t, const struct pod_row *row, const char *path,
		    struct json_object *value)
{
	json_object_object_add(t->container, "mounts", json_object_new_array());
	return pod_each(t, path, value, take_mount);
}
