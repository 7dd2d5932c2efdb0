/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/named.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/buffer.h"
#include "common/image_reference.h"
#include "spank/holder/bundle_edit.h"
#include "spank/holder/namespace.h"

/* dest: PATH_MAX bytes. */
static int join_path(char *dest, const char *folder, const char *name, struct error *err)
{
	if (snprintf(dest, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "%s: the path is too long", folder);
	return 0;
}

static int make_folder(const char *path, struct error *err)
{
	/* STATE lets in only the user; what is in it may become a root that has to look right. */
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return error_errno(err, "%s", path);
	return 0;
}

static int make_folders(struct named *n, const struct request *r, struct error *err)
{
	char scope[64], path[PATH_MAX];

	snprintf(scope, sizeof(scope), "job-%.*s", (int)strcspn(r->step, "."), r->step);
	if (join_path(path, r->state, "named", err) < 0 || make_folder(path, err) < 0 ||
	    join_path(n->folder, path, n->name.global ? "global" : scope, err) < 0 ||
	    make_folder(n->folder, err) < 0)
		return -1;
	memcpy(path, n->folder, sizeof(path));
	if (join_path(n->folder, path, n->name.name, err) < 0 || make_folder(n->folder, err) < 0 ||
	    join_path(n->upper, n->folder, "upper", err) < 0 || make_folder(n->upper, err) < 0 ||
	    join_path(n->work, n->folder, "work", err) < 0)
		return -1;
	return make_folder(n->work, err);
}

static int take_lock(struct named *n, struct error *err)
{
	n->dir = open(n->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (n->dir < 0)
		return error_errno(err, "%s", n->folder);
	n->lock = openat(n->dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (n->lock < 0 || flock(n->lock, LOCK_EX) < 0)
		return error_errno(err, "%s/lock", n->folder);
	return 0;
}

/* The text of one of its files, which the caller frees; NULL with err->code ENOENT if there is
 * none. */
static char *read_note(const struct named *n, const char *name, size_t max, struct error *err)
{
	_cleanup_close_ int fd =
		openat(n->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	char *text = NULL;

	if (fd < 0)
		error_errno(err, "%s/%s", n->folder, name);
	else
		buffer_read_fd(fd, name, max, &text, NULL, err);
	return text;
}

/* Whole or not at all. */
static int write_note(const struct named *n, const char *name, const char *text, struct error *err)
{
	static const char partial[] = ".partial";
	_cleanup_close_ int fd = openat(
		n->dir, partial, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    renameat(n->dir, partial, n->dir, name) < 0)
		return error_errno(err, "%s/%s", n->folder, name);
	return 0;
}

static int read_image(struct named *n, struct error *err)
{
	struct error problem;
	_cleanup_free_ char *text = read_note(n, "image", sizeof(n->image) - 1, &problem);

	if (text)
		strcpy(n->image, text);
	else if (problem.code != ENOENT)
		return error_set(err, problem.code, "%s", problem.text);
	return 0;
}

/* A process in the running container, 0 if it doesn't run. What a crash has cut off is not running.
 */
static pid_t find_running(const struct named *n)
{
	_cleanup_free_ char *text = read_note(n, "running", 63, NULL);
	unsigned long mount = 0, user = 0;
	struct stat mark;

	if (!text || fstat(n->lock, &mark) < 0 || sscanf(text, "%lu %lu", &mount, &user) != 2)
		return 0;
	return namespace_find((struct namespace_ids){.mount = mount, .user = user}, NAMED_MARK,
			      &mark);
}

static void read_options(struct named *n)
{
	_cleanup_free_ char *text = read_note(n, "options", CONTAINER_OPTIONS_MAX, NULL);

	container_options_parse(text, &n->started, NULL);
}

static int check_mode(const struct named *n, pid_t inside, struct error *err)
{
	const char *name = n->name.name;

	switch (n->name.mode) {
	case CONTAINER_NAME_CREATE:
		if (n->image[0])
			return error_set(
				err, EEXIST,
				"there is a container named %s on this node already, made of %s",
				name, n->image);
		break;
	case CONTAINER_NAME_EXEC:
		if (!inside)
			return error_set(err, ESRCH, "no container named %s runs on this node",
					 name);
		break;
	case CONTAINER_NAME_NO_EXEC:
		if (inside)
			return error_set(
				err, EBUSY,
				"the container named %s runs on this node (process %d is in it)",
				name, (int)inside);
		break;
	case CONTAINER_NAME_AUTO:
		break;
	}
	return 0;
}

/* What --container names, in a form that holds in every folder. dest: NAMED_IMAGE_MAX bytes. */
static int absolute_image(const char *image, const char *digest, char *dest, struct error *err)
{
	_cleanup_free_ char *real = NULL;
	struct image_reference r;

	if (image_reference_parse(image, &r, err) < 0)
		return -1;
	if (r.kind != IMAGE_DOCKER) {
		real = realpath(r.name, NULL);
		if (real)
			snprintf(r.name, sizeof(r.name), "%s", real);
	}
	if (r.kind != IMAGE_PATH && !r.digest[0])
		snprintf(r.digest, sizeof(r.digest), "%s", digest);
	if (image_reference_format(&r, dest, NAMED_IMAGE_MAX) < 0)
		return error_set(err, ENAMETOOLONG, "the image's name is too long");
	return 0;
}

static int check_image(const struct named *n, const struct request *r, struct error *err)
{
	char wanted[NAMED_IMAGE_MAX];

	if (!n->image[0] && !r->image[0])
		return error_set(
			err, ENOENT,
			"there is no container named %s on this node, so --container has to say "
			"what to make it of",
			n->name.name);
	if (!n->image[0] || !r->image[0])
		return 0;
	if (absolute_image(r->image, "", wanted, err) < 0)
		return -1;
	if (!strcmp(wanted, n->image) || image_reference_is_pinned_form(n->image, wanted))
		return 0;
	return error_set(
		err, EEXIST,
		"the container named %s on this node is made of %.200s: use another name, or leave "
		"--container out",
		n->name.name, n->image);
}

int named_open(struct named *n, const struct request *r, struct error *err)
{
	const char *text = r->options.value[CONTAINER_NAME];
	pid_t inside;

	if (!text)
		return 0;
	if (container_name_parse(text, &n->name, err) < 0)
		return error_wrap(err, "--container-name");
	if (make_folders(n, r, err) < 0 || take_lock(n, err) < 0 || read_image(n, err) < 0)
		return -1;
	inside = find_running(n);
	if (inside)
		read_options(n);
	if (check_mode(n, inside, err) < 0 || check_image(n, r, err) < 0)
		return error_wrap(err, "--container-name");
	n->inside = inside;
	return 0;
}

int named_note_image(const struct named *n, const struct request *r, const struct bundle *b,
		     struct error *err)
{
	char image[NAMED_IMAGE_MAX];

	if (!n->folder[0] || n->image[0])
		return 0;
	if (absolute_image(r->image, b->digest, image, err) < 0)
		return -1;
	return write_note(n, "image", image, err);
}

int named_add_mark(const struct named *n, struct bundle *b, struct error *err)
{
	struct mount_options options = {.bind = true};
	char path[PATH_MAX];

	if (!n->folder[0])
		return 0;
	if (join_path(path, n->folder, "lock", err) < 0 ||
	    mount_options_add(&options, "ro", false, err) < 0)
		return -1;
	return bundle_add_mount(b, path, NAMED_MARK, &options, err);
}

int named_note_running(const struct named *n, const struct request *r, struct error *err)
{
	_cleanup_free_ char *options = container_options_format(&r->options);
	struct namespace_ids ids = namespace_ids("self");
	char text[64];

	if (!n->folder[0])
		return 0;
	snprintf(text, sizeof(text), "%lu %lu", (unsigned long)ids.mount, (unsigned long)ids.user);
	if (!options || write_note(n, "options", options, err) < 0)
		return options ? -1 : error_set(err, ENOMEM, "out of memory");
	return write_note(n, "running", text, err);
}

void named_close(struct named *n)
{
	closep(&n->lock);
	closep(&n->dir);
	container_options_free(&n->started);
	*n = NAMED_INIT;
}
