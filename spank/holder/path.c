/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40

/* A walk: what is resolved, and what is still to do. */
struct walk {
	int root;
	char done[PATH_MAX];
	char todo[2 * PATH_MAX];
	mode_t mode; /* of done */
	int links;
	bool keep_last_link;
};

/* Take the next component off todo. Returns false at the end. */
static bool next_component(struct walk *w, char *name, size_t size)
{
	char *start = w->todo + strspn(w->todo, "/");
	size_t n = strcspn(start, "/");

	if (n == 0)
		return false;
	snprintf(name, size, "%.*s", (int)n, start);
	memmove(w->todo, start + n, strlen(start + n) + 1);
	return true;
}

static bool more(const struct walk *w)
{
	return w->todo[strspn(w->todo, "/")] != '\0';
}

static int append(struct walk *w, const char *name, struct error *err)
{
	size_t used = strlen(w->done);

	if (used + strlen(name) + 2 > sizeof(w->done))
		return error_set(err, ENAMETOOLONG, "the path is too long");
	if (used)
		w->done[used++] = '/';
	strcpy(w->done + used, name);
	return 0;
}

static void pop(struct walk *w)
{
	char *slash = strrchr(w->done, '/');

	*(slash ? slash : w->done) = '\0';
	w->mode = S_IFDIR;
}

/* done is a link: put its target before what is left to do. */
static int follow(struct walk *w, struct error *err)
{
	char target[PATH_MAX], rest[sizeof(w->todo)];
	ssize_t n = readlinkat(w->root, w->done, target, sizeof(target) - 1);

	if (n < 0)
		return error_errno(err, "/%s", w->done);
	target[n] = '\0';
	if (++w->links > LINKS_MAX)
		return error_set(err, ELOOP, "/%s: too many symbolic links", w->done);
	if (target[0] == '/') {
		w->done[0] = '\0';
		w->mode = S_IFDIR;
	} else {
		pop(w);
	}
	strcpy(rest, w->todo);
	if (snprintf(w->todo, sizeof(w->todo), "%s/%s", target, rest) >= (int)sizeof(w->todo))
		return error_set(err, ENAMETOOLONG, "the path is too long");
	return 0;
}

static int step(struct walk *w, const char *name, struct error *err)
{
	struct stat st;

	if (strlen(name) > NAME_MAX)
		return error_set(err, ENAMETOOLONG, "a name in the path is too long");
	if (!strcmp(name, "."))
		return 0;
	if (!strcmp(name, "..")) {
		pop(w);
		return 0;
	}
	if (w->mode && !S_ISDIR(w->mode))
		return error_set(err, ENOTDIR, "/%s is not a folder in the image", w->done);
	if (append(w, name, err) < 0)
		return -1;
	if (!w->mode)
		return 0;
	if (fstatat(w->root, w->done, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		w->mode = 0;
		return errno == ENOENT ? 0 : error_errno(err, "/%s", w->done);
	}
	w->mode = st.st_mode;
	if (S_ISLNK(st.st_mode) && (more(w) || !w->keep_last_link))
		return follow(w, err);
	return 0;
}

static int resolve(struct walk *w, const char *path, struct path_resolved *ret, struct error *err)
{
	char name[NAME_MAX + 2];

	if (strlen(path) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "the path is too long");
	strcpy(w->todo, path);
	w->mode = S_IFDIR;
	while (next_component(w, name, sizeof(name)))
		if (step(w, name, err) < 0)
			return -1;
	if (!w->done[0])
		w->mode = S_IFDIR;
	memcpy(ret->path, w->done, sizeof(ret->path));
	ret->mode = w->mode;
	return 0;
}

int path_resolve(int root, const char *path, struct path_resolved *ret, struct error *err)
{
	struct walk w = { .root = root };

	return resolve(&w, path, ret, err);
}

int path_resolve_parent(int root, const char *path, struct path_resolved *ret, struct error *err)
{
	struct walk w = { .root = root, .keep_last_link = true };

	return resolve(&w, path, ret, err);
}

int path_is_below(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	while (n > 1 && prefix[n - 1] == '/')
		n--;
	if (n == 1)
		return 1;
	return !strncmp(path, prefix, n) && (path[n] == '\0' || path[n] == '/');
}
