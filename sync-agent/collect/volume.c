/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Into a folder of a volume. Nothing is written outside of it: each part of a path is opened below
 * the one before, and no link is followed. A file is there whole or not at all: it gets its name
 * when it is complete. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sync-agent/collect/collect.h"
#include "common/cleanup.h"
#include "common/hash.h"
#include "common/json.h"

#define FOLDER_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* -- folders ---------------------------------------------------------------------------------- */

/* One level down; it is made if it isn't there. whole is for messages. */
static int step_down(int folder, const char *name, const char *whole, struct error *err)
{
	int fd = openat(folder, name, FOLDER_FLAGS);

	if (fd < 0 && errno == ENOENT) {
		if (mkdirat(folder, name, 0777) < 0 && errno != EEXIST)
			return error_errno(err, "making %.300s in the volume", whole);
		fd = openat(folder, name, FOLDER_FLAGS);
	}
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return error_set(
			err, errno,
			"%.300s in the volume: '%.100s' is a link or no folder; it takes a path of "
			"folders",
			whole, name);
	return fd < 0 ? error_errno(err, "%.300s in the volume", whole) : fd;
}

/* The folder at path below another one. Returns a descriptor, or -1 with err filled. */
static int open_below(int folder, const char *path, struct error *err)
{
	_cleanup_close_ int fd = openat(folder, ".", FOLDER_FLAGS);
	const char *rest = path;

	if (fd < 0)
		return error_errno(err, "the volume");
	while (*rest) {
		size_t n = strcspn(rest, "/");
		char name[NAME_MAX + 1];
		int next;

		if (n > NAME_MAX || (n == 2 && !strncmp(rest, "..", 2)))
			return error_set(err, EINVAL, "%.300s: it is no path below a folder", path);
		snprintf(name, sizeof(name), "%.*s", (int)n, rest);
		rest += n + (rest[n] == '/');
		if (!n || !strcmp(name, "."))
			continue;
		next = step_down(fd, name, path, err);
		if (next < 0)
			return -1;
		close(fd);
		fd = next;
	}
	return TAKE_FD(fd);
}

static int begin(struct collect *c, struct error *err)
{
	const char *root = json_get_string(c->request, "root") ?: "";
	const char *path = json_get_string(c->request, "path") ?: "";
	_cleanup_close_ int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, "the volume's folder %.300s, on the agent's host", root);
	c->folder = open_below(fd, path, err);
	return c->folder < 0 ? -1 : 0;
}

static int add_folder(struct collect *c, const struct item *i, struct error *err)
{
	_cleanup_close_ int fd = open_below(c->folder, i->target, err);

	return fd < 0 ? -1 : 0;
}

/* -- files ------------------------------------------------------------------------------------ */

struct writer {
	int fd;
	const char *name;
};

static int write_piece(void *ctx, const void *bytes, size_t n, struct error *err)
{
	const struct writer *w = ctx;
	const char *p = bytes;

	while (n) {
		ssize_t done = write(w->fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return error_errno(err, "writing %.300s in the volume", w->name);
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

/* A name for the file until it is complete, the same each time: what was left behind is written
 * anew. */
static void temporary_name(const char *name, char buf[NAME_MAX])
{
	snprintf(buf, NAME_MAX, ".slurm-kube-%016" PRIx64,
		 hash_bytes(HASH_SEED, name, strlen(name)));
}

static int open_temporary(int folder, const char *name, const char *whole, struct error *err)
{
	int fd;

	if (unlinkat(folder, name, 0) < 0 && errno != ENOENT)
		return error_errno(err, "%.300s in the volume", whole);
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? error_errno(err, "writing %.300s in the volume", whole) : fd;
}

/* Its content is on the disk before it has its name. */
static int complete(int folder, int fd, const char *temporary, const char *name, const char *whole,
		    const struct stat *st, struct error *err)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };

	if (fchmod(fd, st->st_mode & 0777) < 0 || futimens(fd, times) < 0 || fsync(fd) < 0 ||
	    renameat(folder, temporary, folder, name) < 0)
		return error_errno(err, "writing %.300s in the volume", whole);
	return 0;
}

/* The folder that a file is in. Sets *name to the rest. */
static int open_parent(const struct collect *c, const char *target, const char **name,
		       struct error *err)
{
	const char *slash = strrchr(target, '/');
	_cleanup_free_ char *folder =
		slash ? strndup(target, (size_t)(slash - target)) : strdup("");

	*name = slash ? slash + 1 : target;
	return folder ? open_below(c->folder, folder, err)
		      : error_set(err, ENOMEM, "out of memory");
}

static int add_file(struct collect *c, const struct item *i, int fd, const struct stat *st,
		    char *sum, struct error *err)
{
	const char *name;
	_cleanup_close_ int folder = open_parent(c, i->target, &name, err);
	char temporary[NAME_MAX];
	struct writer w = { -1, i->target };
	int rc;

	if (folder < 0)
		return -1;
	temporary_name(name, temporary);
	w.fd = open_temporary(folder, temporary, i->target, err);
	if (w.fd < 0)
		return -1;
	rc = copy_hashed(c, fd, i->source, write_piece, &w, sum, err);
	if (rc == 0)
		rc = complete(folder, w.fd, temporary, name, i->target, st, err);
	if (rc < 0)
		unlinkat(folder, temporary, 0);
	close(w.fd);
	return rc;
}

static int add_manifest(struct collect *c, const char *name, struct error *err)
{
	char temporary[NAME_MAX];
	struct writer w = { -1, name };
	struct stat st = { .st_mode = 0644 };
	int rc;

	temporary_name(name, temporary);
	w.fd = open_temporary(c->folder, temporary, name, err);
	if (w.fd < 0)
		return -1;
	clock_gettime(CLOCK_REALTIME, &st.st_mtim);
	st.st_atim = st.st_mtim;
	rc = write_piece(&w, c->manifest.data ?: "", c->manifest.used, err);
	if (rc == 0)
		rc = complete(c->folder, w.fd, temporary, name, name, &st, err);
	close(w.fd);
	return rc;
}

const struct sink volume_sink = { "volume", begin, add_folder, add_file, add_manifest };
