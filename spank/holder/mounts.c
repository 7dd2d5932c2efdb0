/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/mounts.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "spank/holder/mount_api.h"
#include "spank/holder/path.h"

struct planned_mount {
	int tree; /* a detached mount */
	bool folder;
	bool tmpfs;
	bool optional;
	bool in_tmpfs; /* the mount point is made when it is mounted */
	char destination[PATH_MAX];
};

static struct planned_mount *plan_new(struct mount_plan *plan, const char *destination,
				      struct error *err)
{
	struct planned_mount *m;

	if (plan->count == plan->size) {
		size_t size = plan->size ? 2 * plan->size : 16;

		m = realloc(plan->items, size * sizeof(*m));
		if (!m) {
			error_set(err, ENOMEM, "out of memory");
			return NULL;
		}
		plan->items = m;
		plan->size = size;
	}
	m = &plan->items[plan->count];
	m->tree = -1;
	m->folder = true;
	m->tmpfs = m->optional = m->in_tmpfs = false;
	if ((size_t)snprintf(m->destination, PATH_MAX, "%s", destination) >= PATH_MAX) {
		error_set(err, ENAMETOOLONG, "the path is too long");
		return NULL;
	}
	plan->count++;
	return m;
}

/* A detached copy of the mount at source. A mount that hides others which came from the host can
 * only be copied along with them. */
static int clone_tree(const char *source, bool *recursive, struct error *err)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
	int tree = open_tree(AT_FDCWD, source, flags | (*recursive ? AT_RECURSIVE : 0));

	if (tree < 0 && errno == EINVAL && !*recursive) {
		*recursive = true;
		tree = open_tree(AT_FDCWD, source, flags | AT_RECURSIVE);
	}
	if (tree < 0 && errno == ENOSYS)
		return error_set(err, ENOSYS, "containers need Linux 5.12 or newer");
	return tree < 0 ? error_errno(err, "%s", source) : tree;
}

static int set_attributes(int tree, const struct mount_options *o, bool recursive, struct error *err)
{
	struct mount_attr attr = {
		.attr_set = o->set | o->atime,
		.attr_clr = o->has_atime ? MOUNT_ATTR__ATIME : 0,
		.propagation = o->propagation & ~(uint64_t)MS_REC,
	};

	if (!attr.attr_set && !attr.attr_clr && !attr.propagation)
		return 0;
	if (mount_setattr(tree, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr,
			  sizeof(attr)) < 0)
		return error_errno(err, "its options");
	return 0;
}

static int add_bind(struct mount_plan *plan, const char *source, const char *destination,
		    const struct mount_options *o, struct error *err)
{
	struct planned_mount *m = plan_new(plan, destination, err);
	bool recursive = o->recursive;
	struct stat st;

	if (!m)
		return -1;
	m->tree = clone_tree(source, &recursive, err);
	if (m->tree < 0 || set_attributes(m->tree, o, recursive, err) < 0)
		return -1;
	m->folder = fstat(m->tree, &st) < 0 || S_ISDIR(st.st_mode);
	return 0;
}

static int configure(int fs, const char *data, struct error *err)
{
	char copy[sizeof(((struct mount_options *)0)->data)], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", data);
	for (char *key = strtok_r(copy, ",", &save); key; key = strtok_r(NULL, ",", &save)) {
		char *value = strchr(key, '=');

		if (!value)
			continue;
		*value++ = '\0';
		if (fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0) < 0)
			return error_errno(err, "its option %s=%s", key, value);
	}
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return error_errno(err, "making the tmpfs");
	return 0;
}

static int add_tmpfs(struct mount_plan *plan, const char *destination, const struct mount_options *o,
		     struct error *err)
{
	_cleanup_close_ int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	struct planned_mount *m;

	if (fs < 0)
		return error_errno(err, "tmpfs");
	if (configure(fs, o->data, err) < 0)
		return -1;
	m = plan_new(plan, destination, err);
	if (!m)
		return -1;
	m->tmpfs = true;
	m->tree = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (m->tree < 0)
		return error_errno(err, "mounting the tmpfs");
	return set_attributes(m->tree, o, false, err);
}

static int add_same_path(struct mount_plan *plan, const char *path, struct error *err)
{
	struct mount_options o = { .bind = true, .recursive = true };

	if (add_bind(plan, path, path, &o, err) < 0)
		return error_wrap(err, "the host's %s", path);
	return 0;
}

static bool covered(const struct mount_plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->count; i++)
		if (path_is_below(path, plan->items[i].destination))
			return true;
	return false;
}

/* A folder that the step may use, if there is one and it isn't in the container by way of another.
 * Where its path leads through links, which the image doesn't have: at the path as it is written, or
 * if that is inside another mount, where the links in there lead. */
static int add_if_useful(struct mount_plan *plan, const char *path, struct error *err)
{
	struct mount_options o = { .bind = true, .recursive = true };
	_cleanup_free_ char *real = NULL;
	const char *destination = path;
	struct stat st;

	if (!path || path[0] != '/' || strstr(path, "/.."))
		return 0;
	real = realpath(path, NULL);
	if (!real || stat(real, &st) < 0 || !S_ISDIR(st.st_mode) || !strcmp(real, "/"))
		return 0;
	if (covered(plan, path))
		destination = real;
	if (covered(plan, destination))
		return 0;
	if (add_bind(plan, real, destination, &o, err) < 0)
		return error_wrap(err, "the host's %s", path);
	return 0;
}

int mount_plan_add_tmpfs(struct mount_plan *plan, const char *destination, struct error *err)
{
	struct mount_options o = {.data = "mode=0755"};

	return add_tmpfs(plan, destination, &o, err);
}

int mount_plan_add_in_tmpfs(struct mount_plan *plan, const char *path, struct error *err)
{
	size_t count = plan->count;

	if (add_same_path(plan, path, err) < 0) {
		plan->count = count;
		return -1;
	}
	plan->items[count].in_tmpfs = true;
	return 0;
}

int mount_plan_add_link(struct mount_plan *plan, const char *path, const char *target,
			struct error *err)
{
	plan->links.max = 64 * 1024;
	if (buffer_add(&plan->links, path, strlen(path) + 1) < 0 ||
	    buffer_add(&plan->links, target, strlen(target) + 1) < 0)
		return error_set(err, E2BIG, "too many links");
	return 0;
}

int mount_plan_add_host(struct mount_plan *plan, bool own_dev, const char *spool,
			struct error *err)
{
	static const char *const always[] = { "/dev", "/proc", "/sys", "/tmp" };
	const char *const maybe[] = { getenv("TMPDIR"), getenv("PMIX_SERVER_TMPDIR"), spool };

	for (size_t i = own_dev; i < ARRAY_SIZE(always); i++)
		if (add_same_path(plan, always[i], err) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_SIZE(maybe); i++)
		if (add_if_useful(plan, maybe[i], err) < 0)
			return -1;
	return 0;
}

int mount_plan_add_bundle(struct mount_plan *plan, const struct bundle *b, struct error *err)
{
	for (size_t i = 0; i < b->mount_count; i++) {
		const struct bundle_mount *m = &b->mounts[i];
		int rc = m->source ?
				 add_bind(plan, m->source, m->destination, &m->options, err) :
				 add_tmpfs(plan, m->destination, &m->options, err);

		if (rc < 0)
			return error_wrap(err, "%s: mount at %s", m->from ? m->from : "config.json",
					  m->destination);
	}
	return 0;
}

int mount_plan_add_optional(struct mount_plan *plan, const char *source, const char *destination,
			    struct error *err)
{
	struct mount_options o = { .bind = true };

	size_t count = plan->count;

	if (add_bind(plan, source, destination, &o, err) < 0) {
		plan->count = count;
		return -1;
	}
	plan->items[plan->count - 1].optional = true;
	return 0;
}

int mount_plan_make_points(struct mount_plan *plan, const struct skeleton *s, struct error *err)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct planned_mount *m = &plan->items[i];
		char resolved[PATH_MAX];

		if (m->in_tmpfs)
			continue;
		if (skeleton_mount_point(s, m->destination, m->folder, resolved, err) < 0)
			return error_wrap(err, "mount at %s", m->destination);
		memcpy(m->destination, resolved, sizeof(resolved));
	}
	return 0;
}

/* Inside a tmpfs that this plan has just mounted, mount points can only be made now. */
static bool make_in_tmpfs(const struct mount_plan *plan, const struct planned_mount *m)
{
	char prefix[PATH_MAX];
	bool inside = false;

	for (const struct planned_mount *p = plan->items; p < m; p++)
		if (path_is_below(m->destination, p->destination))
			inside = p->tmpfs;
	if (!inside)
		return false;
	for (const char *slash = strchr(m->destination + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(prefix, sizeof(prefix), "%.*s", (int)(slash - m->destination), m->destination);
		mkdir(prefix, 0755);
	}
	if (m->folder)
		return mkdir(m->destination, 0755) == 0;
	return mknod(m->destination, S_IFREG | 0644, 0) == 0;
}

static int make_links(const struct buffer *links, struct error *err)
{
	const char *path = links->data, *target;

	for (; path && path < links->data + links->used; path = target + strlen(target) + 1) {
		target = path + strlen(path) + 1;
		if (symlink(target, path) < 0 && errno != EEXIST)
			return error_errno(err, "%s in the container", path);
	}
	return 0;
}

int mount_plan_attach(struct mount_plan *plan, const char *why_no_points, struct error *err)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct planned_mount *m = &plan->items[i];
		int rc = move_mount(m->tree, "", AT_FDCWD, m->destination, MOVE_MOUNT_F_EMPTY_PATH);

		if (rc < 0 && errno == ENOENT && make_in_tmpfs(plan, m))
			rc = move_mount(m->tree, "", AT_FDCWD, m->destination,
					MOVE_MOUNT_F_EMPTY_PATH);
		if (rc == 0 || m->optional)
			continue;
		if (errno == ENOENT && why_no_points)
			return error_set(err, ENOENT,
					 "the image has no %s to mount on, and an overlay over it is not "
					 "possible (%s): make it in the image",
					 m->destination, why_no_points);
		return error_errno(err, "mounting at %s in the container", m->destination);
	}
	return make_links(&plan->links, err);
}

void mount_plan_free(struct mount_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		closep(&plan->items[i].tree);
	free(plan->items);
	buffer_free(&plan->links);
	*plan = (struct mount_plan){ 0 };
}
