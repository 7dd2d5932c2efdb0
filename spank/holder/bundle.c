/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/bundle.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/json.h"

/* What the host's own /proc, /sys and /dev stand in for. */
static bool covered_by_host(const char *destination)
{
	static const char *const folders[] = {"/proc", "/sys", "/dev"};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		size_t n = strlen(folders[i]);

		if (!strncmp(destination, folders[i], n) &&
		    (destination[n] == '\0' || destination[n] == '/'))
			return true;
	}
	return false;
}

/* An absolute path made of base and path. NULL if memory is short or it is too long. */
static char *below(const char *base, const char *path)
{
	char *joined;

	if (path[0] == '/')
		joined = strdup(path);
	else if (asprintf(&joined, "%s/%s", base, path) < 0)
		return NULL;
	if (joined && strlen(joined) >= PATH_MAX) {
		free(joined);
		return NULL;
	}
	return joined;
}

static int take_path(char **dest, const char *base, const char *path, struct error *err)
{
	free(*dest);
	*dest = below(base, path);
	if (!*dest)
		return error_set(err, ENAMETOOLONG, "a path in it is longer than %d bytes",
				 PATH_MAX);
	return 0;
}

static int parse_root(struct bundle *b, struct json_object *config, struct error *err)
{
	const char *path = json_get_string(config, "root.path");

	if (!path || !path[0])
		return error_set(err, EINVAL, "config.json has no root.path");
	b->read_only = json_get_bool(config, "root.readonly", false);
	return take_path(&b->rootfs, b->path, path, err);
}

/* Copy the array of strings process.NAME. ret: ends in NULL; NULL if there is no such array. */
static int take_strings(struct json_object *config, const char *name, char ***ret, size_t *count,
			struct error *err)
{
	struct json_object *list = json_get(json_get(config, "process"), name);
	size_t n;

	if (!list)
		return 0;
	if (!json_object_is_type(list, json_type_array))
		return error_set(err, EINVAL, "config.json: process.%s is not an array", name);
	n = json_object_array_length(list);
	*ret = calloc(n + 1, sizeof(**ret));
	if (!*ret)
		return error_set(err, ENOMEM, "out of memory");
	for (*count = 0; *count < n; ++*count) {
		struct json_object *item = json_object_array_get_idx(list, *count);

		if (!json_object_is_type(item, json_type_string))
			return error_set(err, EINVAL,
					 "config.json: process.%s[%zu] is not a string", name,
					 *count);
		(*ret)[*count] = strdup(json_object_get_string(item));
		if (!(*ret)[*count])
			return error_set(err, ENOMEM, "out of memory");
	}
	return 0;
}

static int parse_process(struct bundle *b, struct json_object *config, struct error *err)
{
	const char *cwd = json_get_string(config, "process.cwd");
	size_t words = 0;

	if (cwd && cwd[0] != '/')
		return error_set(err, EINVAL, "config.json: process.cwd '%s' is not absolute", cwd);
	b->no_new_privs = json_get_bool(config, "process.noNewPrivileges", false);
	if (take_path(&b->cwd, "/", cwd ? cwd : "/", err) < 0)
		return -1;
	if (take_strings(config, "env", &b->env, &b->env_count, err) < 0)
		return -1;
	return take_strings(config, "args", &b->command, &words, err);
}

static int parse_options(struct mount_options *o, struct json_object *mount, bool tmpfs,
			 struct error *err)
{
	struct json_object *list = json_get(mount, "options");

	if (!list)
		return 0;
	if (!json_object_is_type(list, json_type_array))
		return error_set(err, EINVAL, "options is not an array");
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		if (!json_object_is_type(item, json_type_string))
			return error_set(err, EINVAL, "options[%zu] is not a string", i);
		if (mount_options_add(o, json_object_get_string(item), tmpfs, err) < 0)
			return -1;
	}
	return 0;
}

/* Is this mount a bind? Bundles in the wild say so by type, by option, or both. */
static bool is_bind(struct json_object *mount, const char *type)
{
	struct json_object *list = json_get(mount, "options");

	if (type && !strcmp(type, "bind"))
		return true;
	for (size_t i = 0; list && json_object_is_type(list, json_type_array) &&
			   i < json_object_array_length(list);
	     i++) {
		const char *option = json_object_get_string(json_object_array_get_idx(list, i));

		if (option && (!strcmp(option, "bind") || !strcmp(option, "rbind")))
			return true;
	}
	return false;
}

/* Returns 1 if ret was filled, 0 if this mount is not needed, -1 with err filled. */
static int parse_mount(struct bundle *b, struct json_object *mount, struct bundle_mount *ret,
		       struct error *err)
{
	const char *destination = json_get_string(mount, "destination");
	const char *source = json_get_string(mount, "source");
	const char *type = json_get_string(mount, "type");
	bool bind = is_bind(mount, type);

	if (!destination || !destination[0])
		return error_set(err, EINVAL, "it has no destination");
	if (take_path(&ret->destination, "", destination, err) < 0)
		return -1;
	if (!bind && covered_by_host(ret->destination))
		return 0;
	if (!bind && (!type || strcmp(type, "tmpfs")))
		return error_set(err, ENOTSUP,
				 "mounts of type '%s' are not supported, only bind and tmpfs are",
				 type ? type : "");
	if (bind && (!source || !source[0]))
		return error_set(err, EINVAL, "it has no source");
	if (bind && take_path(&ret->source, b->path, source, err) < 0)
		return -1;
	ret->options.bind = bind;
	if (parse_options(&ret->options, mount, !bind, err) < 0)
		return -1;
	return 1;
}

static void free_mount(struct bundle_mount *m)
{
	free(m->destination);
	free(m->source);
	*m = (struct bundle_mount){0};
}

static int parse_mounts(struct bundle *b, struct json_object *config, struct error *err)
{
	struct json_object *list = json_get(config, "mounts");
	size_t n;

	if (!list)
		return 0;
	if (!json_object_is_type(list, json_type_array))
		return error_set(err, EINVAL, "config.json: mounts is not an array");
	n = json_object_array_length(list);
	if (n > BUNDLE_MOUNTS_MAX)
		return error_set(err, E2BIG, "config.json: %zu mounts, %d is the limit", n,
				 BUNDLE_MOUNTS_MAX);
	b->mounts = calloc(n + 1, sizeof(*b->mounts));
	if (!b->mounts)
		return error_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		struct bundle_mount *m = &b->mounts[b->mount_count];
		int rc = parse_mount(b, json_object_array_get_idx(list, i), m, err);

		if (rc < 0)
			error_wrap(err, "config.json: mounts[%zu] (%s)", i,
				   m->destination ? m->destination : "");
		if (rc <= 0)
			free_mount(m);
		if (rc < 0)
			return -1;
		b->mount_count += rc;
	}
	return 0;
}

int bundle_parse(struct bundle *b, const char *text, size_t len, struct error *err)
{
	_cleanup_json_ struct json_object *config = json_parse(text, len, err);

	if (!config)
		return error_wrap(err, "config.json");
	if (!json_object_is_type(config, json_type_object))
		return error_set(err, EINVAL, "config.json is not a JSON object");
	if (parse_root(b, config, err) < 0 || parse_process(b, config, err) < 0)
		return -1;
	if (parse_mounts(b, config, err) < 0)
		return -1;
	if (hooks_parse(&b->hooks, json_get(config, "hooks"), err) < 0)
		return error_wrap(err, "config.json");
	return 0;
}

struct bundle *bundle_new(void)
{
	struct bundle *b = calloc(1, sizeof(*b));

	if (b)
		b->lock = -1;
	return b;
}

void bundle_free(struct bundle *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->env_count; i++)
		free(b->env[i]);
	for (size_t i = 0; i < b->mount_count; i++)
		free_mount(&b->mounts[i]);
	free(b->env);
	free(b->mounts);
	hooks_free(&b->hooks);
	for (char **p = b->entrypoint; p && *p; p++)
		free(*p);
	for (char **p = b->command; p && *p; p++)
		free(*p);
	free(b->command);
	closep(&b->lock);
	free(b->entrypoint);
	free(b->path);
	free(b->rootfs);
	free(b->squashfs);
	free(b->users);
	free(b->slurm_loader);
	free(b->cwd);
	free(b);
}
