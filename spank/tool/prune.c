/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kube-container prune and rm: taking things out of the cache. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/size.h"
#include "spank/tool/evict.h"

#define NAME_KEPT_SECONDS (30 * 24 * 3600L) /* longer than jobs run */

/* What tags meant for jobs of long ago. */
static void prune_names(const char *images)
{
	_cleanup_closedir_ DIR *dir = NULL;
	char path[PATH_MAX];
	struct dirent *entry;
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/.names", images) < PATH_MAX)
		dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && st.st_mtime < time(NULL) - NAME_KEPT_SECONDS)
			unlinkat(dirfd(dir), entry->d_name, 0);
}

/* Remove all images that aren't in use. Returns the bytes freed, or -1 with err filled. */
static int64_t prune_images(const struct tool *t, struct about_list *list, struct error *err)
{
	_cleanup_(use_namespaces_free) struct use_namespaces n = {0};
	int64_t freed = 0;

	if (use_namespaces_read(&n) < 0)
		return error_errno(err, "/proc");
	for (size_t i = 0; i < list->count; i++) {
		int rc = evict_image(t->images, list->items[i].key, &n, err);

		if (rc < 0)
			return -1;
		if (rc > 0)
			freed += list->items[i].size;
		else
			printf("%s is in use\n",
			       list->items[i].name ? list->items[i].name : list->items[i].key);
	}
	about_list_free(list);
	return about_list_read(t->images, list, err) < 0 ? -1 : freed;
}

static int prune(struct tool *t, int argc, char *argv[], struct error *err)
{
	_cleanup_(about_list_free) struct about_list list = {0};
	char text[SIZE_TEXT_MAX];
	int64_t freed = 0;

	if (access(t->images, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (about_list_read(t->images, &list, err) < 0)
		return -1;
	if (t->all)
		freed = prune_images(t, &list, err);
	if (freed < 0)
		return -1;
	freed += (int64_t)evict_blobs(t->images, &list);
	prune_names(t->images);
	if (evict_leftovers(t->images, err) < 0)
		return -1;
	printf("%s freed\n", size_format(freed, text));
	return 0;
}

const struct command command_prune = {
	.name = "prune",
	.arguments = "",
	.summary = "remove what interrupted stagings have left, and downloads that no image has",
	.help = "  --all               also all images that aren't in use\n",
	.run = prune,
};

/* Whether a is what the user names: a digest or its beginning, or a name. */
static bool is_meant(const struct about *a, const char *text)
{
	const char *hex = strncmp(text, "sha256:", 7) ? text : text + 7;
	const char *own = a->key + strcspn(a->key, "-") + 1;

	if (a->name && (!strcmp(a->name, text) || image_reference_is_pinned_form(a->name, text)))
		return true;
	return strlen(hex) >= 6 && !strncmp(own, hex, strlen(hex));
}

static int rm_one(const struct tool *t, const struct about_list *list, const char *text,
		  struct error *err)
{
	_cleanup_(use_namespaces_free) struct use_namespaces n = {0};
	const struct about *found = NULL;
	int rc;

	for (size_t i = 0; i < list->count; i++) {
		if (!is_meant(&list->items[i], text))
			continue;
		if (found)
			return error_set(err, EINVAL, "%.100s: there are several of that name",
					 text);
		found = &list->items[i];
	}
	if (!found)
		return error_set(err, ENOENT, "%.100s: there is no such image in %s", text,
				 t->images);
	if (use_namespaces_read(&n) < 0)
		return error_errno(err, "/proc");
	rc = evict_image(t->images, found->key, &n, err);
	return rc == 0 ? error_set(err, EBUSY, "%.100s: it is in use", text) : rc < 0 ? -1 : 0;
}

static int rm(struct tool *t, int argc, char *argv[], struct error *err)
{
	for (int i = 0; i < argc; i++) {
		_cleanup_(about_list_free) struct about_list list = {0};

		if (about_list_read(t->images, &list, err) < 0 ||
		    rm_one(t, &list, argv[i], err) < 0)
			return -1;
	}
	return 0;
}

const struct command command_rm = {
	.name = "rm",
	.arguments = "DIGEST|NAME...",
	.summary = "remove images from your cache, unless they are in use",
	.help = "The first six digits of a digest are enough.\n",
	.min = 1,
	.max = -1,
	.run = rm,
};
