/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/cdi_edits.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/json.h"
#include "spank/holder/bundle_edit.h"

static int add_env(struct json_object *item, struct bundle *b, struct error *err)
{
	const char *assignment = json_object_get_string(item);

	if (!json_object_is_type(item, json_type_string) || !strchr(assignment, '=') ||
	    assignment[0] == '=')
		return error_set(err, EINVAL, "it is not NAME=VALUE");
	return bundle_add_env(b, assignment, err);
}

static int mount_from_cdi(struct bundle *b, const char *source, const char *destination,
			  const struct mount_options *options, struct error *err)
{
	if (bundle_add_mount(b, source, destination, options, err) < 0)
		return -1;
	b->mounts[b->mount_count - 1].from = "a device";
	return 0;
}

static int check_node(const char *path, struct error *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return error_errno(err, "device node %s of this node", path);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return error_set(err, ENODEV, "%s is not a device node", path);
	return 0;
}

/* The host's /dev is in the container as it is. A device that has another path there, or is
 * elsewhere, is mounted. */
static int add_node(struct json_object *item, struct bundle *b, struct error *err)
{
	struct mount_options options = {.bind = true};
	const char *path = json_get_string(item, "path");
	const char *host = json_get_string(item, "hostPath");

	if (!path || path[0] != '/')
		return error_set(err, EINVAL, "it has no absolute path");
	if (!host || !host[0])
		host = path;
	if (check_node(host, err) < 0)
		return -1;
	if (!strncmp(path, "/dev/", 5) && !strcmp(path, host))
		return 0;
	return mount_from_cdi(b, host, path, &options, err);
}

static int read_options(struct json_object *list, bool tmpfs, struct mount_options *o,
			struct error *err)
{
	if (list && !json_object_is_type(list, json_type_array))
		return error_set(err, EINVAL, "options is not an array");
	for (size_t i = 0; i < json_length(list); i++) {
		const char *option = json_object_get_string(json_object_array_get_idx(list, i));

		if (option && mount_options_add(o, option, tmpfs, err) < 0)
			return -1;
	}
	return 0;
}

static int add_mount(struct json_object *item, struct bundle *b, struct error *err)
{
	struct mount_options options = {0};
	const char *type = json_get_string(item, "type");
	const char *host = json_get_string(item, "hostPath");
	const char *path = json_get_string(item, "containerPath");
	bool tmpfs = type && !strcmp(type, "tmpfs");

	if (!path || (!tmpfs && !host))
		return error_set(err, EINVAL, "it has no hostPath or no containerPath");
	if (read_options(json_get(item, "options"), tmpfs, &options, err) < 0)
		return error_wrap(err, "mount at %.200s", path);
	if (!tmpfs && type && type[0] && strcmp(type, "bind") && !options.bind)
		return error_set(err, ENOTSUP,
				 "mount at %.200s: type '%s' is not supported, only "
				 "bind and tmpfs are",
				 path, type);
	options.bind = !tmpfs;
	if (!tmpfs && access(host, F_OK) < 0)
		return error_errno(err, "%.200s of this node", host);
	return mount_from_cdi(b, tmpfs ? NULL : host, path, &options, err);
}

static int add_hook(struct json_object *item, struct bundle *b, struct error *err)
{
	return hooks_add_named(&b->hooks, json_get_string(item, "hookName"), item, err);
}

static bool in_group(gid_t gid)
{
	gid_t gids[1024];
	int n = getgroups(ARRAY_SIZE(gids), gids);

	for (int i = 0; i < n; i++)
		if (gids[i] == gid)
			return true;
	return gid == getegid();
}

/* Only the administrator can give a user a group; those that the user is in count in the container,
 * too. */
static int note_group(struct json_object *item, struct bundle *b, struct error *err)
{
	gid_t gid = json_object_get_int64(item);

	if (gid && !in_group(gid))
		fprintf(stderr,
			"slurm-kube: a device asks for group %u, which this user is not in\n", gid);
	return 0;
}

static int refuse_network(struct json_object *item, struct bundle *b, struct error *err)
{
	return error_set(err, ENOTSUP,
			 "network devices can't be moved: the container has the "
			 "host's network");
}

static const struct {
	const char *key;
	int (*add)(struct json_object *item, struct bundle *b, struct error *err);
} rows[] = {
	{"env", add_env},
	{"deviceNodes", add_node},
	{"mounts", add_mount},
	{"hooks", add_hook},
	{"additionalGids", note_group},
	{"additionalGIDs", note_group},
	{"netDevices", refuse_network},
};

static int apply_row(size_t row, struct json_object *edits, struct bundle *b, struct error *err)
{
	struct json_object *list = json_get(edits, rows[row].key);

	if (list && !json_object_is_type(list, json_type_array))
		return error_set(err, EINVAL, "%s is not an array", rows[row].key);
	for (size_t i = 0; i < json_length(list); i++)
		if (rows[row].add(json_object_array_get_idx(list, i), b, err) < 0)
			return error_wrap(err, "%s[%zu]", rows[row].key, i);
	return 0;
}

int cdi_edits_apply(struct json_object *edits, struct bundle *b, struct error *err)
{
	if (json_get(edits, "intelRdt"))
		fputs("slurm-kube: a device asks for a class of Intel's Resource Director, which "
		      "no "
		      "user can give\n",
		      stderr);
	for (size_t row = 0; edits && row < ARRAY_SIZE(rows); row++)
		if (apply_row(row, edits, b, err) < 0)
			return -1;
	return 0;
}
