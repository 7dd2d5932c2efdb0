/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/skeleton.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "spank/holder/etc_files.h"
#include "spank/holder/path.h"

#define GROUPS_MAX 256

/* Make the folders that lead to path in our layer, with the modes they have in the image. */
static int make_parents(const struct skeleton *s, const char *path, struct error *err)
{
	char prefix[PATH_MAX];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		struct stat st;
		mode_t mode = 0755;

		snprintf(prefix, sizeof(prefix), "%.*s", (int)(slash - path), path);
		if (fstatat(s->image, prefix, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
			mode = st.st_mode & 01777;
		/* Ours has to stay passable to us while we build below it. */
		if (mkdirat(s->layer, prefix, mode | 0700) < 0 && errno != EEXIST)
			return error_errno(err, "/%s", prefix);
	}
	return 0;
}

static int make_file(const struct skeleton *s, const char *path, const char *text, size_t len,
		     struct error *err)
{
	_cleanup_close_ int fd = -1;

	if (make_parents(s, path, err) < 0)
		return -1;
	fd = openat(s->layer, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		return error_errno(err, "/%s", path);
	return 0;
}

static int make_folder(const struct skeleton *s, const char *path, struct error *err)
{
	if (make_parents(s, path, err) < 0)
		return -1;
	if (mkdirat(s->layer, path, 0755) < 0 && errno != EEXIST)
		return error_errno(err, "/%s", path);
	return 0;
}

int skeleton_mount_point(const struct skeleton *s, const char *path, bool folder, char *resolved,
			 struct error *err)
{
	struct path_resolved r;

	if (path_resolve(s->image, path, &r, err) < 0)
		return -1;
	if (!r.path[0])
		return error_set(err, EINVAL, "the root itself can't be mounted over");
	if (r.mode && S_ISDIR(r.mode) != folder)
		return error_set(err, folder ? ENOTDIR : EISDIR, "it is a %s in the image",
				 folder ? "file" : "folder");
	if ((size_t)snprintf(resolved, PATH_MAX, "/%s", r.path) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "the path is too long");
	if (r.mode)
		return 0;
	return folder ? make_folder(s, r.path, err) : make_file(s, r.path, "", 0, err);
}

int skeleton_link(const struct skeleton *s, const char *path, const char *target, struct error *err)
{
	struct path_resolved r;

	if (path_resolve_parent(s->image, path, &r, err) < 0 || make_parents(s, r.path, err) < 0)
		return -1;
	if (symlinkat(target, s->layer, r.path) < 0)
		return error_errno(err, "/%s", r.path);
	return 0;
}

/* The text of a small regular file; "" if there is none or it can't be read. */
static char *read_small(int folder, const char *path)
{
	_cleanup_close_ int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	char *text;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    buffer_read_fd(fd, path, ETC_FILE_MAX, &text, NULL, NULL) < 0)
		return strdup("");
	return text;
}

static char *read_from_image(const struct skeleton *s, const char *path)
{
	struct path_resolved r;

	if (path_resolve(s->image, path, &r, NULL) < 0 || !S_ISREG(r.mode))
		return strdup("");
	return read_small(s->image, r.path);
}

/* Put a file at path, in place of whatever the image has there (often a link to somewhere). */
static int replace(const struct skeleton *s, const char *path, const char *text, size_t len,
		   struct error *err)
{
	struct path_resolved r;

	if (path_resolve_parent(s->image, path, &r, err) < 0)
		return -1;
	return make_file(s, r.path, text, len, err);
}

static int copy_from_host(const struct skeleton *s, const char *path, struct error *err)
{
	_cleanup_free_ char *text = read_small(AT_FDCWD, path);

	if (!text || !text[0])
		return 0;
	return replace(s, path, text, strlen(text), err);
}

/* After the image's own: who looks a name up takes the first. */
static int add_host_users(const struct skeleton *s, const char *path, struct buffer *b)
{
	_cleanup_free_ char *host = s->host_users ? read_small(AT_FDCWD, path) : NULL;

	return host ? buffer_add(b, host, strlen(host)) : 0;
}

static int make_passwd(const struct skeleton *s, const struct etc_user *user, struct error *err)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(3 * ETC_FILE_MAX);
	_cleanup_free_ char *image = read_from_image(s, "/etc/passwd");

	if (!image || etc_passwd(image, user, &b) < 0 || add_host_users(s, "/etc/passwd", &b) < 0)
		return error_set(err, ENOMEM, "/etc/passwd: out of memory");
	return replace(s, "/etc/passwd", b.data, b.used, err);
}

static int make_group(const struct skeleton *s, const struct etc_user *user, struct error *err)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(3 * ETC_FILE_MAX);
	_cleanup_free_ char *image = read_from_image(s, "/etc/group");
	_cleanup_free_ char *host = read_small(AT_FDCWD, "/etc/group");
	gid_t gids[GROUPS_MAX + 1] = {user->gid};
	int n = getgroups(GROUPS_MAX, gids + 1);
	size_t count = 1;

	for (int i = 1; i <= n; i++)
		if (gids[i] != user->gid)
			gids[count++] = gids[i];
	if (!image || !host || etc_group(image, host, user, gids, count, &b) < 0 ||
	    add_host_users(s, "/etc/group", &b) < 0)
		return error_set(err, ENOMEM, "/etc/group: out of memory");
	return replace(s, "/etc/group", b.data ? b.data : "", b.used, err);
}

int skeleton_etc(const struct skeleton *s, struct error *err)
{
	_cleanup_free_ char *host = read_small(AT_FDCWD, "/etc/passwd");
	struct etc_user user = {
		.uid = s->uid,
		.gid = s->gid,
		.name = getenv("SLURM_JOB_USER"),
		.home = getenv("HOME"),
		.shell = getenv("SHELL"),
	};
	char name[128];

	/* No NSS here: it would load the host's modules into a static program. */
	if (host && etc_name_of(host, user.uid, name, sizeof(name)) == 0)
		user.name = name;
	if (copy_from_host(s, "/etc/resolv.conf", err) < 0 ||
	    copy_from_host(s, "/etc/hosts", err) < 0)
		return -1;
	if (make_passwd(s, &user, err) < 0)
		return -1;
	return make_group(s, &user, err);
}
