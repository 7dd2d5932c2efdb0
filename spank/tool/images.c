/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kube-container images: what is in the cache. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/size.h"
#include "spank/image/use.h"
#include "spank/tool/about.h"

/* As evict_image() would find it, but nothing is removed. */
static bool in_use(const char *images, const char *key, const struct use_namespaces *n)
{
	struct error err = {0};
	_cleanup_close_ int lock = cache_lock(images, key, CACHE_TRY_EXCLUSIVE, &err);
	char users[PATH_MAX];

	if (lock < 0)
		return true;
	return snprintf(users, sizeof(users), "%s/%s/users", images, key) >= PATH_MAX ||
	       use_is_noted(users, n);
}

static int compare(const void *a, const void *b)
{
	const struct about *x = a, *y = b;

	return (x->used < y->used) - (x->used > y->used);
}

/* A name without the digest that it was pinned to, which has its own column. */
static int name_length(const char *name)
{
	const char *at = strstr(name, "@sha256:");

	return at ? (int)(at - name) : (int)strlen(name);
}

static void print_one(const char *images, const struct about *a, const struct use_namespaces *n)
{
	char size[SIZE_TEXT_MAX], used[32] = "never";
	const char *name = a->name ? a->name : "?";
	struct tm tm;

	if (a->used && localtime_r(&a->used, &tm))
		strftime(used, sizeof(used), "%Y-%m-%d %H:%M", &tm);
	printf("%-12.12s  %10s  %-16s  %-6s  %.*s\n", a->key + strcspn(a->key, "-") + 1,
	       size_format(a->size, size), used, in_use(images, a->key, n) ? "yes" : "no",
	       name_length(name), name);
}

static int run(struct tool *t, int argc, char *argv[], struct error *err)
{
	_cleanup_(use_namespaces_free) struct use_namespaces n = {0};
	_cleanup_(about_list_free) struct about_list list = {0};

	if (about_list_read(t->images, &list, err) < 0)
		return -1;
	if (use_namespaces_read(&n) < 0)
		return error_errno(err, "/proc");
	printf("%-12s  %10s  %-16s  %-6s  %s\n", "DIGEST", "SIZE", "LAST USED", "IN USE", "IMAGE");
	if (list.count)
		qsort(list.items, list.count, sizeof(*list.items), compare);
	for (size_t i = 0; i < list.count; i++)
		print_one(t->images, &list.items[i], &n);
	return 0;
}

const struct command command_images = {
	.name = "images",
	.arguments = "",
	.summary = "list what is in your cache on this node, what was used last first",
	.help = "",
	.run = run,
};
