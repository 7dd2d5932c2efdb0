/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <string.h>

#include "sync-agent/collect/collect.h"
#include "common/cleanup.h"

#define DEPTH_MAX 64
#define NAMES_MAX 100000 /* of one folder */

/* The folders that one is in: a link may lead back to one of them. */
struct chain {
	const struct chain *above;
	dev_t dev;
	ino_t ino;
	unsigned depth;
};

struct scan {
	const struct scan_limits *limits;
	struct items *items;
	struct error *err;
};

void items_free(struct items *items)
{
	for (size_t i = 0; i < items->n; i++) {
		free(items->list[i].source);
		free(items->list[i].target);
	}
	free(items->list);
	*items = (struct items){ 0 };
}

static int add(struct scan *s, const char *source, const char *target, const struct stat *st)
{
	struct items *all = s->items;
	struct item *i;

	if (all->n >= s->limits->files)
		return error_set(
			s->err, E2BIG,
			"more than %zu files and folders: pack them into one file in the job",
			s->limits->files);
	if (all->n == all->size) {
		size_t size = all->size ? all->size * 2 : 64;
		struct item *list = reallocarray(all->list, size, sizeof(*list));

		if (!list)
			return error_set(s->err, ENOMEM, "out of memory");
		all->list = list;
		all->size = size;
	}
	i = &all->list[all->n];
	*i = (struct item){ .source = strdup(source),
			    .target = strdup(target),
			    .is_folder = S_ISDIR(st->st_mode) };
	all->n++;
	if (!i->source || !i->target)
		return error_set(s->err, ENOMEM, "out of memory");
	if (i->is_folder)
		return 0;
	i->size = (uint64_t)st->st_size;
	all->files++;
	all->bytes += i->size;
	if (all->bytes > s->limits->bytes)
		return error_set(
			s->err, EFBIG,
			"%.300s: with it there are more than %llu bytes, which is the limit "
			"(results.maxBytes)",
			source, (unsigned long long)s->limits->bytes);
	return 0;
}

static const char *kind_of(mode_t mode)
{
	return S_ISFIFO(mode)			? "a FIFO"
	       : S_ISSOCK(mode)			? "a socket"
	       : S_ISCHR(mode) || S_ISBLK(mode) ? "a device"
						: "something else";
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
	char **list;
	size_t n, size;
};

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->list[i]);
	free(names->list);
}

static int read_names(struct scan *s, const char *path, struct names *ret)
{
	_cleanup_closedir_ DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return error_errno(s->err, "%.300s", path);
	while ((errno = 0, entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (ret->n == ret->size) {
			size_t size = ret->size ? ret->size * 2 : 64;
			char **list = size > NAMES_MAX * 2
					      ? NULL
					      : reallocarray(ret->list, size, sizeof(*list));

			if (!list)
				return error_set(s->err, E2BIG, "%.300s: too many names in it",
						 path);
			ret->list = list;
			ret->size = size;
		}
		ret->list[ret->n] = strdup(entry->d_name);
		if (!ret->list[ret->n++])
			return error_set(s->err, ENOMEM, "out of memory");
	}
	if (errno)
		return error_errno(s->err, "%.300s", path);
	qsort(ret->list, ret->n, sizeof(*ret->list), by_name);
	return 0;
}

static int walk(struct scan *s, const char *source, const char *target, const struct chain *above);

static int walk_folder(struct scan *s, const char *source, const char *target,
		       const struct chain *here)
{
	_cleanup_(names_free) struct names names = { 0 };

	if (read_names(s, source, &names) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		_cleanup_free_ char *from = NULL, *to = NULL;

		if (asprintf(&from, "%s/%s", source, names.list[i]) < 0 ||
		    asprintf(&to, "%s%s%s", target, target[0] ? "/" : "", names.list[i]) < 0)
			return error_set(s->err, ENOMEM, "out of memory");
		if (strlen(from) >= PATH_MAX || strlen(to) >= PATH_MAX)
			return error_set(s->err, ENAMETOOLONG, "%.300s...: the path is too long",
					 from);
		if (walk(s, from, to, here) < 0)
			return -1;
	}
	return 0;
}

static int walk(struct scan *s, const char *source, const char *target, const struct chain *above)
{
	struct chain here = { .above = above, .depth = above ? above->depth + 1 : 0 };
	struct stat st;

	if (stat(source, &st) < 0)
		return error_errno(s->err, "%.300s", source);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return error_set(s->err, EINVAL, "%.300s: it is neither file nor folder, but %s",
				 source, kind_of(st.st_mode));
	if (S_ISDIR(st.st_mode)) {
		here.dev = st.st_dev;
		here.ino = st.st_ino;
		for (const struct chain *c = above; c; c = c->above)
			if (c->dev == st.st_dev && c->ino == st.st_ino)
				return error_set(s->err, ELOOP,
						 "%.300s: it leads back to a folder that it is in",
						 source);
		if (here.depth >= DEPTH_MAX)
			return error_set(s->err, ELOOP, "%.300s: more than %d folders deep", source,
					 DEPTH_MAX);
	}
	if (add(s, source, target, &st) < 0)
		return -1;
	return S_ISDIR(st.st_mode) ? walk_folder(s, source, target, &here) : 0;
}

/* -- matches ---------------------------------------------------------------------------------- */

static char unreadable[PATH_MAX]; /* a folder that a pattern has to look into */
static int unreadable_errno;

static int on_glob_error(const char *path, int code)
{
	if (code == ENOENT || code == ENOTDIR)
		return 0;
	unreadable_errno = code;
	snprintf(unreadable, sizeof(unreadable), "%s", path);
	return 1;
}

static bool is_pattern(const char *text)
{
	return strpbrk(text, "*?[\\") != NULL;
}

/* The name that a match has in the target. */
static int target_of(const char *match, char *buf, size_t size, struct error *err)
{
	size_t n = strlen(match), start;

	while (n > 1 && match[n - 1] == '/')
		n--;
	for (start = n; start && match[start - 1] != '/'; start--)
		;
	snprintf(buf, size, "%.*s", (int)(n - start), match + start);
	if (!strcmp(buf, "."))
		buf[0] = '\0';
	else if (!strcmp(buf, "..") || !buf[0])
		return error_set(err, EINVAL, "%.300s: give the folder's name", match);
	return 0;
}

struct match {
	const char *path;
	char name[NAME_MAX + 1];
};

static int by_match(const void *a, const void *b)
{
	return strcmp(((const struct match *)a)->name, ((const struct match *)b)->name);
}

/* Two matches may have the same name in different folders. */
static int check_names(struct scan *s, const glob_t *g)
{
	_cleanup_free_ struct match *all = calloc(g->gl_pathc + 1, sizeof(*all));

	if (!all)
		return error_set(s->err, ENOMEM, "out of memory");
	for (size_t i = 0; i < g->gl_pathc; i++) {
		all[i].path = g->gl_pathv[i];
		if (target_of(all[i].path, all[i].name, sizeof(all[i].name), s->err) < 0)
			return -1;
	}
	qsort(all, g->gl_pathc, sizeof(*all), by_match);
	for (size_t i = 1; i < g->gl_pathc; i++)
		if (!strcmp(all[i - 1].name, all[i].name))
			return error_set(
				s->err, EEXIST,
				"%.200s and %.200s would be one file: collect the folder that "
				"they are in, or give them names of their own",
				all[i - 1].path, all[i].path);
	return 0;
}

static int glob_error(struct scan *s, const char *pattern, int code)
{
	if (code == GLOB_ABORTED) {
		errno = unreadable_errno;
		return error_errno(s->err, "%.300s", unreadable);
	}
	if (code == GLOB_NOSPACE)
		return error_set(s->err, ENOMEM, "%.300s: too many files match", pattern);
	return error_set(s->err, ENODATA, "%.300s: no file matches", pattern);
}

int scan(const char *pattern, const struct scan_limits *limits, struct items *ret,
	 struct error *err)
{
	struct scan s = { limits, ret, err };
	_cleanup_(globfree) glob_t g = { 0 };
	char name[PATH_MAX];
	struct stat st;
	int rc;

	if (strlen(pattern) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "the path is too long");
	if (!is_pattern(pattern)) {
		if (lstat(pattern, &st) < 0 && errno == ENOENT)
			return error_set(err, ENODATA, "%.300s: there is no such file", pattern);
		return target_of(pattern, name, sizeof(name), err) < 0
			       ? -1
			       : walk(&s, pattern, name, NULL);
	}
	rc = glob(pattern, 0, on_glob_error, &g);
	if (rc)
		return glob_error(&s, pattern, rc);
	if (g.gl_pathc > limits->files)
		return error_set(err, E2BIG, "%.300s: more than %zu files match", pattern,
				 limits->files);
	if (check_names(&s, &g) < 0)
		return -1;
	for (size_t i = 0; i < g.gl_pathc; i++)
		if (target_of(g.gl_pathv[i], name, sizeof(name), err) < 0 ||
		    walk(&s, g.gl_pathv[i], name, NULL) < 0)
			return -1;
	return 0;
}
