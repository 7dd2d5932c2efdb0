/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/tool/about.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buffer.h"
#include "common/json.h"

#define ABOUT_MAX (1024 * 1024)
#define DEPTH_MAX 64

static uint64_t size_at_depth(int parent, const char *name, int depth)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	struct stat st;
	uint64_t size;
	int fd;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	size = st.st_blocks * 512ULL;
	if (!S_ISDIR(st.st_mode) || depth >= DEPTH_MAX)
		return st.st_nlink > 1 && !S_ISDIR(st.st_mode) ? size / st.st_nlink : size;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return size;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return size;
	}
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			size += size_at_depth(fd, entry->d_name, depth + 1);
	return size;
}

uint64_t about_size_of(int parent, const char *name)
{
	return size_at_depth(parent, name, 0);
}

int about_write(struct staging *s, struct error *err)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *blobs = json_object_new_array();
	const char *text;

	s->size = about_size_of(AT_FDCWD, s->partial);
	json_set_string(o, "name", s->source.name);
	json_set_int(o, "size", (int64_t)s->size);
	json_set_int(o, "staged", time(NULL));
	if (s->manifest.count)
		json_object_array_add(blobs, json_object_new_string(s->manifest.config.digest));
	for (size_t i = 0; i < s->manifest.count; i++)
		json_object_array_add(blobs, json_object_new_string(s->manifest.layers[i].digest));
	json_object_object_add(o, "blobs", blobs);
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE);
	return staging_write(s, "about.json", text, strlen(text), err);
}

static void take_blobs(struct about *a, struct json_object *list)
{
	size_t n = json_length(list), taken = 0;

	a->blobs = calloc(n + 1, sizeof(*a->blobs));
	for (size_t i = 0; a->blobs && i < n; i++) {
		const char *digest = json_object_get_string(json_object_array_get_idx(list, i));

		if (digest && (a->blobs[taken] = strdup(digest)))
			taken++;
	}
}

static void read_one(const char *images, const char *key, struct about *a)
{
	_cleanup_json_ struct json_object *o = NULL;
	_cleanup_free_ char *text = NULL;
	char path[PATH_MAX];
	struct stat st;
	size_t len;

	snprintf(a->key, sizeof(a->key), "%s", key);
	if (snprintf(path, sizeof(path), "%s/%s/users", images, key) < PATH_MAX &&
	    stat(path, &st) == 0)
		a->used = st.st_mtime;
	snprintf(path, sizeof(path), "%s/%s/about.json", images, key);
	if (buffer_read_file(path, ABOUT_MAX, &text, &len, NULL) < 0 ||
	    !(o = json_parse(text, len, NULL)))
		return;
	if (json_get_string(o, "name"))
		a->name = strdup(json_get_string(o, "name"));
	a->size = json_get_int(o, "size", 0);
	take_blobs(a, json_get(o, "blobs"));
}

int about_list_read(const char *images, struct about_list *ret, struct error *err)
{
	_cleanup_closedir_ DIR *dir = opendir(images);
	struct about_list list = {0};
	struct dirent *entry;

	*ret = list;
	if (!dir)
		return errno == ENOENT ? 0 : error_errno(err, "%s", images);
	while ((entry = readdir(dir))) {
		struct about *more;
		struct stat st;

		if (!cache_key_is_valid(entry->d_name) ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISDIR(st.st_mode))
			continue;
		more = reallocarray(list.items, list.count + 1, sizeof(*more));
		if (!more) {
			about_list_free(&list);
			return error_set(err, ENOMEM, "out of memory");
		}
		list.items = more;
		more[list.count] = (struct about){0};
		read_one(images, entry->d_name, &more[list.count++]);
	}
	*ret = list;
	return 0;
}

void about_list_free(struct about_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		for (char **p = list->items[i].blobs; p && *p; p++)
			free(*p);
		free(list->items[i].blobs);
		free(list->items[i].name);
	}
	free(list->items);
	*list = (struct about_list){0};
}
