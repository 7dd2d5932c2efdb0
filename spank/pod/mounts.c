/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buffer.h"
#include "common/json.h"
#include "spank/pod/pod.h"

#define LIST_MAX (64 * 1024)
#define MESSAGE_PATH "/dev/termination-log"

/* As common/container_mount.h reads it. */
static void add_path(struct buffer *b, const char *path)
{
	for (; *path; path++)
		buffer_printf(b, strchr(":,\\", *path) ? "\\%c" : "%c", *path);
}

static void add(struct buffer *b, const char *source, const char *target, bool read_only)
{
	if (b->used)
		buffer_add(b, ",", 1);
	add_path(b, source);
	buffer_add(b, ":", 1);
	add_path(b, target);
	buffer_printf(b, "%s", read_only ? ":ro" : "");
}

/* A part of a volume: a folder, if it isn't there. */
static int find_part(char path[PATH_MAX], const char *part, struct error *err)
{
	size_t n = strlen(path);
	struct stat st;

	if (snprintf(path + n, PATH_MAX - n, "/%s", part) >= (int)(PATH_MAX - n))
		return error_set(err, ENAMETOOLONG, "subPath %s: too long", part);
	if (stat(path, &st) == 0)
		return 0;
	for (char *p = path + n + 1;; p++) {
		char was = *p;

		if (was && was != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return error_errno(err, "subPath %s", part);
		*p = was;
		if (!was)
			return 0;
	}
}

static int add_mount(const struct pod *p, struct buffer *b, struct json_object *m,
		     struct error *err)
{
	const char *part = json_get_string(m, "subPath"), *target = json_get_string(m, "target");
	char source[PATH_MAX];

	if (volumes_path(p, json_get_string(m, "volume"), source, err) < 0 ||
	    (part && find_part(source, part, err) < 0))
		return -1;
	add(b, source, target ? target : "/", json_get_bool(m, "readOnly", false));
	return 0;
}

/* An empty file, where the container finds it. */
static int add_message(const struct pod *p, const struct container *c, struct buffer *b,
		       struct error *err)
{
	char path[PATH_MAX];
	_cleanup_close_ int fd = -1;

	volumes_message(p, c->name, path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(err, "%s", path);
	add(b, path, json_get_string(c->plan, "messagePath") ?: MESSAGE_PATH, false);
	return 0;
}

char *mounts_of(const struct pod *p, const struct container *c, struct error *err)
{
	struct json_object *list = json_get(c->plan, "mounts");
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(LIST_MAX);

	for (size_t i = 0; i < json_length(list); i++)
		if (add_mount(p, &b, json_object_array_get_idx(list, i), err) < 0)
			return NULL;
	if (add_message(p, c, &b, err) < 0)
		return NULL;
	if (b.overflowed) {
		error_set(err, E2BIG, "it has too many mounts");
		return NULL;
	}
	return TAKE_PTR(b.data);
}
