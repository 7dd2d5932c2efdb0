/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/tool/evict.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "common/cleanup.h"
#include "common/remove_tree.h"

static int put_aside(const char *images, const char *name, char trash[PATH_MAX], struct error *err)
{
	static unsigned count;
	char path[PATH_MAX];

	if (snprintf(path, PATH_MAX, "%s/%s", images, name) >= PATH_MAX ||
	    snprintf(trash, PATH_MAX, "%s/.trash-%d-%u", images, (int)getpid(), count++) >=
		    PATH_MAX)
		return error_set(err, ENAMETOOLONG, "the cache's path is too long");
	return rename(path, trash) < 0 ? error_errno(err, "%s", path) : 0;
}

/* To be called with the image's lock held. */
static int take_away(const char *images, const char *key, char trash[PATH_MAX], struct error *err)
{
	char lock[PATH_MAX];

	if (put_aside(images, key, trash, err) < 0)
		return -1;
	if (snprintf(lock, PATH_MAX, "%s/.locks/%s", images, key) < PATH_MAX)
		unlink(lock);
	return 0;
}

int evict_image(const char *images, const char *key, const struct use_namespaces *n,
		struct error *err)
{
	_cleanup_close_ int lock = cache_lock(images, key, CACHE_TRY_EXCLUSIVE, err);
	char path[PATH_MAX], trash[PATH_MAX];

	if (lock < 0)
		return err->code == EWOULDBLOCK ? 0 : -1;
	if (snprintf(path, PATH_MAX, "%s/%s/users", images, key) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "the cache's path is too long");
	if (use_is_noted(path, n))
		return 0;
	if (take_away(images, key, trash, err) < 0)
		return -1;
	close(TAKE_FD(lock));
	return remove_tree(AT_FDCWD, trash, err) < 0 ? -1 : 1;
}

static bool is_referenced(const struct about_list *list, const char *hex)
{
	for (size_t i = 0; i < list->count; i++)
		for (char **p = list->items[i].blobs; p && *p; p++)
			if (!strcmp(*p + strlen("sha256:"), hex))
				return true;
	return false;
}

/* The folder of the blobs; NULL if there is none. */
static DIR *open_blobs(const char *images)
{
	char path[PATH_MAX];

	if (snprintf(path, PATH_MAX, "%s/.blobs/sha256", images) >= PATH_MAX)
		return NULL;
	return opendir(path);
}

uint64_t evict_blobs(const char *images, const struct about_list *list)
{
	_cleanup_close_ int lock = cache_lock(images, "blobs", CACHE_TRY_EXCLUSIVE, NULL);
	_cleanup_closedir_ DIR *dir = lock < 0 ? NULL : open_blobs(images);
	struct dirent *entry;
	uint64_t freed = 0;
	struct stat st;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && !is_referenced(list, entry->d_name) &&
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    unlinkat(dirfd(dir), entry->d_name, 0) == 0)
			freed += st.st_blocks * 512ULL;
	return freed;
}

/* The least recently used one that wasn't tried yet; NULL if there is none. */
static struct about *choose(struct about_list *list, const char *keep)
{
	struct about *found = NULL;

	for (size_t i = 0; i < list->count; i++) {
		struct about *a = &list->items[i];

		if (!a->tried && !(keep && !strcmp(a->key, keep)) &&
		    (!found || a->used < found->used))
			found = a;
	}
	return found;
}

static uint64_t limit_of(const struct tool *t)
{
	struct statvfs v;

	if (t->limit)
		return t->limit;
	return statvfs(t->images, &v) < 0 ? UINT64_MAX : v.f_blocks * (uint64_t)v.f_frsize / 2;
}

static uint64_t size_of(const struct tool *t, const struct about_list *list)
{
	uint64_t size = 0;
	char path[PATH_MAX];

	for (size_t i = 0; i < list->count; i++)
		size += list->items[i].size;
	if (snprintf(path, PATH_MAX, "%s/.blobs", t->images) < PATH_MAX)
		size += about_size_of(AT_FDCWD, path);
	return size;
}

static void forget(struct about_list *list, struct about *a)
{
	for (char **p = a->blobs; p && *p; p++)
		free(*p);
	free(a->blobs);
	free(a->name);
	*a = list->items[--list->count];
}

int evict_to_limit(const struct tool *t, const char *keep, struct error *err)
{
	_cleanup_close_ int lock = cache_lock(t->images, "evict", CACHE_TRY_EXCLUSIVE, NULL);
	_cleanup_(use_namespaces_free) struct use_namespaces n = {0};
	_cleanup_(about_list_free) struct about_list list = {0};
	uint64_t limit = limit_of(t);
	struct about *a;

	if (lock < 0 || limit == UINT64_MAX)
		return 0;
	if (about_list_read(t->images, &list, err) < 0)
		return -1;
	if (size_of(t, &list) <= limit)
		return 0;
	evict_blobs(t->images, &list);
	if (use_namespaces_read(&n) < 0)
		return error_errno(err, "/proc");
	while (size_of(t, &list) > limit && (a = choose(&list, keep))) {
		int rc = evict_image(t->images, a->key, &n, err);

		if (rc < 0)
			return -1;
		if (rc == 0) {
			a->tried = true;
			continue;
		}
		forget(&list, a);
		evict_blobs(t->images, &list);
	}
	return 0;
}

/* A staging that is under way holds its lock. */
static bool is_abandoned(const char *images, const char *name, int *lock)
{
	char stage[CACHE_KEY_MAX + 16];

	if (!strncmp(name, ".trash-", 7))
		return true;
	if (strncmp(name, ".partial-", 9) || strlen(name) > CACHE_KEY_MAX)
		return false;
	snprintf(stage, sizeof(stage), "%s.stage", name + 9);
	*lock = cache_lock(images, stage, CACHE_TRY_EXCLUSIVE, NULL);
	return *lock >= 0;
}

/* An index's digest whose manifest has gone. */
static void remove_dangling(int folder, const char *name)
{
	struct stat st;

	if (cache_key_is_valid(name) && fstatat(folder, name, &st, 0) < 0 && errno == ENOENT)
		unlinkat(folder, name, 0);
}

int evict_leftovers(const char *images, struct error *err)
{
	_cleanup_closedir_ DIR *dir = opendir(images);
	struct dirent *entry;
	int result = 0;

	if (!dir)
		return errno == ENOENT ? 0 : error_errno(err, "%s", images);
	while ((entry = readdir(dir))) {
		_cleanup_close_ int lock = -1;
		char trash[PATH_MAX];

		remove_dangling(dirfd(dir), entry->d_name);
		if (!is_abandoned(images, entry->d_name, &lock))
			continue;
		if (put_aside(images, entry->d_name, trash, err) < 0 ||
		    remove_tree(AT_FDCWD, trash, err) < 0)
			result = -1;
	}
	return result;
}
