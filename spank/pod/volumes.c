/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the containers of a pod share, in its folders on the node (folders.c). */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "common/json.h"
#include "spank/pod/pod.h"

#define MEMORY "/dev/shm"
#define MODE_DEFAULT 0644

/* -- folders ---------------------------------------------------------------------------------- */

/* All folders of a path, from the one at which it is to begin. */
static int make_folders(char *path, size_t from, struct error *err)
{
	for (char *p = path + from; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return error_errno(err, "%s", path);
		*p = '/';
	}
	return 0;
}

static int make_folder(const char *path, struct error *err)
{
	char copy[PATH_MAX];

	if (snprintf(copy, sizeof(copy), "%s/", path) >= (int)sizeof(copy))
		return error_set(err, ENAMETOOLONG, "%.100s: too long", path);
	return make_folders(copy, 1, err);
}

static bool is_memory(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

/* -- files ------------------------------------------------------------------------------------ */

static int write_file(const char *folder, const char *name, const char *data, size_t n, int mode,
		      struct error *err)
{
	char path[PATH_MAX];
	_cleanup_close_ int fd = -1;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return error_set(err, ENAMETOOLONG, "%.100s: too long", name);
	if (make_folders(path, strlen(folder) + 1, err) < 0)
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(err, "%s", path);
	while (n) {
		ssize_t done = write(fd, data, n);

		if (done <= 0)
			return error_errno(err, "%s", path);
		data += done;
		n -= done;
	}
	return fchmod(fd, mode) < 0 ? error_errno(err, "%s", path) : 0;
}

static int mode_of(struct json_object *first, struct json_object *then, struct json_object *last)
{
	struct json_object *all[] = { first, then, last };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (json_get(all[i], "mode"))
			return (int)json_get_int(all[i], "mode", 0) & 0777;
	return MODE_DEFAULT;
}

static int make_items(const struct pod *p, struct json_object *volume, struct json_object *source,
		      const char *folder, struct error *err)
{
	struct json_object *items = json_get(source, "items");

	for (size_t i = 0; i < json_length(items); i++) {
		struct json_object *item = json_object_array_get_idx(items, i);
		const char *key = json_get_string(item, "key");
		size_t len = 0;
		_cleanup_free_ char *value =
			plan_value(p, json_get_string(source, "from"), key, &len);

		if (!value && json_get_bool(source, "optional", false))
			continue;
		if (!value)
			return error_set(err, ENOENT, "volume %s: %s has no key '%s'",
					 json_get_string(volume, "name"),
					 json_get_string(source, "title"), key);
		if (write_file(folder, json_get_string(item, "path"), value, len,
			       mode_of(item, source, volume), err) < 0)
			return -1;
	}
	return 0;
}

static int make_keys(const struct pod *p, struct json_object *volume, struct json_object *source,
		     const char *folder, struct error *err)
{
	const char *variable = json_get_string(source, "from");
	struct json_object *keys = NULL;

	json_object_object_get_ex(p->sources, variable, &keys);
	if (!json_object_is_type(keys, json_type_object))
		return 0; /* it is optional: the job would not be here else */
	json_object_object_foreach (keys, key, text) {
		size_t len = 0;
		_cleanup_free_ char *value = plan_value(p, variable, key, &len);

		(void)text;
		if (value && !strchr(key, '/') &&
		    write_file(folder, key, value, len, mode_of(NULL, source, volume), err) < 0)
			return -1;
	}
	return 0;
}

static int make_files(const struct pod *p, struct json_object *volume, const char *folder,
		      struct error *err)
{
	struct json_object *sources = json_get(volume, "sources");

	for (size_t i = 0; i < json_length(sources); i++) {
		struct json_object *s = json_object_array_get_idx(sources, i);
		const char *value = json_get_string(s, "value");
		int rc;

		if (value)
			rc = write_file(folder, json_get_string(s, "path"), value, strlen(value),
					mode_of(NULL, s, volume), err);
		else if (json_get(s, "items"))
			rc = make_items(p, volume, s, folder, err);
		else
			rc = make_keys(p, volume, s, folder, err);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* -- hostPath --------------------------------------------------------------------------------- */

static const struct {
	const char *check;
	mode_t is;
	bool create;
} checks[] = {
	{ "Directory", S_IFDIR, false },   { "DirectoryOrCreate", S_IFDIR, true },
	{ "File", S_IFREG, false },	   { "FileOrCreate", S_IFREG, true },
	{ "Socket", S_IFSOCK, false },	   { "CharDevice", S_IFCHR, false },
	{ "BlockDevice", S_IFBLK, false },
};

static int create(const char *path, mode_t what, struct error *err)
{
	_cleanup_close_ int fd = -1;

	if (what == S_IFDIR)
		return make_folder(path, err);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	return fd < 0 ? error_errno(err, "%s", path) : 0;
}

static int check_host_path(struct json_object *volume, struct error *err)
{
	const char *path = json_get_string(volume, "path"),
		   *check = json_get_string(volume, "check");
	struct stat st;

	for (size_t i = 0; check && path && i < ARRAY_SIZE(checks); i++) {
		if (strcmp(check, checks[i].check))
			continue;
		if (stat(path, &st) < 0 && errno == ENOENT && checks[i].create &&
		    create(path, checks[i].is, err) < 0)
			return -1;
		if (stat(path, &st) < 0)
			return error_errno(err, "volume %s: %s", json_get_string(volume, "name"),
					   path);
		if ((st.st_mode & S_IFMT) != checks[i].is)
			return error_set(err, EINVAL, "volume %s: %s is no %s",
					 json_get_string(volume, "name"), path, check);
	}
	return path ? 0
		    : error_set(err, EINVAL, "volume %s has no path",
				json_get_string(volume, "name"));
}

/* -- all -------------------------------------------------------------------------------------- */

static struct json_object *find_volume(const struct pod *p, const char *name)
{
	struct json_object *list = json_get(p->plan, "volumes");

	for (size_t i = 0; name && i < json_length(list); i++) {
		struct json_object *v = json_object_array_get_idx(list, i);
		const char *own = json_get_string(v, "name");

		if (own && !strcmp(own, name))
			return v;
	}
	return NULL;
}

static bool is_type(struct json_object *volume, const char *type)
{
	const char *own = json_get_string(volume, "type");

	return own && !strcmp(own, type);
}

int volumes_path(const struct pod *p, const char *name, char dest[PATH_MAX], struct error *err)
{
	struct json_object *v = find_volume(p, name);
	bool on_disk = is_type(v, "emptyDir") && !json_get(v, "medium");
	int n;

	if (!v)
		return error_set(err, EINVAL, "there is no volume '%s'", name ? name : "");
	if (is_type(v, "hostPath"))
		n = snprintf(dest, PATH_MAX, "%s", json_get_string(v, "path"));
	else
		n = snprintf(dest, PATH_MAX, "%s/volumes/%s", on_disk ? p->disk : p->memory, name);
	return n < PATH_MAX ? 0
			    : error_set(err, ENAMETOOLONG, "volume %s: its path is too long", name);
}

void volumes_message(const struct pod *p, const char *container, char dest[PATH_MAX])
{
	snprintf(dest, PATH_MAX, "%.1000s/messages/%.100s", p->memory, container);
}

static int make_volume(struct pod *p, struct json_object *v, struct error *err)
{
	char path[PATH_MAX];

	if (is_type(v, "hostPath"))
		return check_host_path(v, err);
	if (volumes_path(p, json_get_string(v, "name"), path, err) < 0 ||
	    make_folder(path, err) < 0)
		return -1;
	return is_type(v, "files") ? make_files(p, v, path, err) : 0;
}

int volumes_make(struct pod *p, struct error *err)
{
	struct json_object *list = json_get(p->plan, "volumes");
	char messages[PATH_MAX];

	if (folders_made(p))
		return 0;
	if (!is_memory(MEMORY))
		return error_set(err, ENOTSUP,
				 MEMORY
				 " of this node isn't in memory: Secrets can't be put there");
	if (folders_make(p, err) < 0)
		return folders_made(p) ? 0 : -1;
	snprintf(messages, sizeof(messages), "%.1000s/messages", p->memory);
	if (mkdir(messages, 0700) < 0)
		return error_errno(err, "%.200s", messages);
	for (size_t i = 0; i < json_length(list); i++)
		if (make_volume(p, json_object_array_get_idx(list, i), err) < 0)
			return -1;
	return 0;
}
