/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kube-container stage: unpack an image into the cache, once however many ask for it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/remove_tree.h"
#include "common/size.h"
#include "spank/image/image.h"
#include "spank/tool/evict.h"
#include "spank/tool/staging.h"

#define WAIT_MS 50

static void free_staging(struct staging **s)
{
	if (*s)
		layout_manifest_free(&(*s)->manifest);
	free(*s);
}

/* Take the lock under which NAME is staged, telling the user if that takes its time. */
static int lock_stage(struct staging *s, const char *name, struct error *err)
{
	const struct timespec pause = {.tv_nsec = WAIT_MS * 1000000L};
	char file[CACHE_KEY_MAX + 16];
	int fd;

	snprintf(file, sizeof(file), "%s.stage", name);
	while ((fd = cache_lock(s->tool->images, file, CACHE_TRY_EXCLUSIVE, err)) < 0) {
		if (err->code != EWOULDBLOCK)
			return -1;
		progress_wait(&s->progress);
		if (s->progress.said)
			return cache_lock(s->tool->images, file, CACHE_EXCLUSIVE, err);
		nanosleep(&pause, NULL);
	}
	return fd;
}

/* Returns 1 if the image is there, 0 if not, -1 with err filled. */
static int is_there(const struct staging *s, struct error *err)
{
	const struct tool *t = s->tool;
	struct cached_image c;
	int rc;

	if (!s->source.key[0])
		return 0;
	rc = cache_find(t->images, t->to ? NULL : t->site, s->source.key, &c, err);
	if (rc > 0)
		closep(&c.lock);
	return rc;
}

static int make_partial(struct staging *s, const char *name, struct error *err)
{
	if (snprintf(s->partial, sizeof(s->partial), "%s/.partial-%s", s->tool->images, name) >=
	    PATH_MAX)
		return error_set(err, ENAMETOOLONG, "the cache's path is too long");
	if (remove_tree(AT_FDCWD, s->partial, err) < 0)
		return -1;
	if (mkdir(s->partial, 0755) < 0)
		return error_errno(err, "%s", s->partial);
	return 0;
}

static int rename_partial(struct staging *s, const char *name, struct error *err)
{
	char old[PATH_MAX];

	strcpy(old, s->partial);
	if (make_partial(s, name, err) < 0 ||
	    (rename(old, s->partial) < 0 && error_errno(err, "%s", s->partial) < 0)) {
		remove_tree(AT_FDCWD, old, NULL);
		return -1;
	}
	return 0;
}

/* What isn't written out yet may be lost with the node, of which the next boot has to know. A
 * site's folder is no step's: there it waits. */
static int mark_fresh(struct staging *s, struct error *err)
{
	char boot[64];

	if (s->tool->to) {
		_cleanup_close_ int fd = open(s->partial, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		return fd < 0 || syncfs(fd) < 0 ? error_errno(err, "%s", s->partial) : 0;
	}
	cache_boot(boot);
	return staging_write(s, "fresh", boot, strlen(boot), err);
}

/* The image of that name, if there is one, is from before the node crashed. */
static int rename_to(const struct staging *s, const char *final, struct error *err)
{
	struct use_namespaces none = {0};

	if (rename(s->partial, final) == 0)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return error_errno(err, "%s", final);
	if (evict_image(s->tool->images, s->source.key, &none, err) < 0)
		return -1;
	return rename(s->partial, final) < 0 ? error_errno(err, "%s", final) : 0;
}

/* Everything is in partial: let it be the image. */
static int complete(struct staging *s, struct error *err)
{
	char path[PATH_MAX + 16], final[PATH_MAX];

	snprintf(path, sizeof(path), "%s/layout", s->partial);
	if (remove_tree(AT_FDCWD, path, err) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/manifest", s->partial);
	if (unlink(path) < 0 && errno != ENOENT)
		return error_errno(err, "%s", path);
	if ((s->tool->to && staging_clear_setuid(s, err) < 0) || about_write(s, err) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/users", s->partial);
	if (!s->tool->to && mkdir(path, 0700) < 0)
		return error_errno(err, "%s", path);
	if (snprintf(final, sizeof(final), "%s/%s", s->tool->images, s->source.key) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "the cache's path is too long");
	return mark_fresh(s, err) < 0 ? -1 : rename_to(s, final, err);
}

static int (*const unpack_kind[])(struct staging *s, struct error *err) = {
	[SOURCE_LAYOUT] = staging_layout,
	[SOURCE_SQUASHFS] = staging_squashfs,
	[SOURCE_DOCKER] = staging_docker,
};

/* With the lock held, and partial there. What was downloaded stays where it is while we need it. */
static int unpack(struct staging *s, struct error *err)
{
	_cleanup_close_ int blobs = cache_lock(s->tool->images, "blobs", CACHE_SHARED, err);

	if (blobs < 0 || unpack_kind[s->source.kind](s, err) < 0 || complete(s, err) < 0)
		return -1;
	progress_end(&s->progress, s->size);
	return 0;
}

/* Let the digest that was asked for, an index's, lead to the manifest's image. */
static int link_index(struct staging *s, const char *asked, struct error *err)
{
	char path[PATH_MAX];

	if (!asked[0] || !strcmp(asked, s->source.key))
		return 0;
	if (snprintf(path, sizeof(path), "%s/%s", s->tool->images, asked) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "the cache's path is too long");
	if (unlink(path) < 0 && errno != ENOENT)
		return error_errno(err, "%s", path);
	return symlink(s->source.key, path) < 0 ? error_errno(err, "%s", path) : 0;
}

/* An image from a registry: first find out what it is, which may be something that is there. */
static int stage_docker(struct staging *s, const char *asked, struct error *err)
{
	_cleanup_close_ int lock = -1;
	int rc;

	if (staging_resolve(s, err) < 0)
		return -1;
	if (strcmp(asked, s->source.key)) {
		lock = lock_stage(s, s->source.key, err);
		if (lock < 0)
			return -1;
	}
	rc = is_there(s, err);
	if (rc < 0 || (rc == 0 && lock >= 0 && rename_partial(s, s->source.key, err) < 0) ||
	    (rc == 0 && unpack(s, err) < 0) || link_index(s, asked, err) < 0)
		return -1;
	return s->source.reference.digest[0]
		       ? 0
		       : cache_name_set(s->tool->images, s->tool->job, s->source.name,
					s->source.manifest.digest, err);
}

static int explain_full_disk(const struct staging *s, struct error *err)
{
	char free_text[SIZE_TEXT_MAX];
	struct statvfs v = {0};

	if (!strcasestr(err->text, "no space left") && !strcasestr(err->text, "quota exceeded"))
		return -1;
	statvfs(s->tool->images, &v);
	return error_set(err, ENOSPC,
			 "the disk that holds %s is full, or the quota is used up (%s free): make "
			 "room, for instance with kube-container prune --all",
			 s->tool->images,
			 size_format(v.f_bavail * (uint64_t)v.f_frsize, free_text));
}

static int stage_locked(struct staging *s, const char *asked, const char *name, struct error *err)
{
	int rc;

	if (make_partial(s, name, err) < 0)
		return explain_full_disk(s, err);
	rc = s->source.kind == SOURCE_DOCKER ? stage_docker(s, asked, err) : unpack(s, err);
	if (rc < 0)
		explain_full_disk(s, err);
	/* Gone already, if it is the image now. */
	remove_tree(AT_FDCWD, s->partial, NULL);
	return rc;
}

static int find_source(struct staging *s, const char *name, struct error *err)
{
	const struct tool *t = s->tool;
	struct image_places places = {
		.images = t->images, .site = t->to ? NULL : t->site, .job = t->job};

	return image_source_find(&places, name, &s->source, err);
}

/* Returns 0 once the image is there. */
static int stage(struct staging *s, const char *image, struct error *err)
{
	char asked[CACHE_KEY_MAX], name[CACHE_KEY_MAX];
	_cleanup_close_ int lock = -1;
	int rc;

	strcpy(asked, s->source.key);
	if (asked[0])
		strcpy(name, asked);
	else
		cache_name_file(s->tool->job, image, name);
	lock = lock_stage(s, name, err);
	/* Whoever had the lock may have found out what the tag means, and staged it. */
	if (lock < 0 || find_source(s, image, err) < 0)
		return -1;
	rc = is_there(s, err);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	return stage_locked(s, asked, name, err);
}

static int needs_staging(const struct staging *s, struct error *err)
{
	const struct tool *t = s->tool;

	if (s->source.kind == SOURCE_BUNDLE || s->source.kind == SOURCE_FOLDER)
		return error_set(err, EINVAL, "it is a folder that is used as it is");
	/* The holder has looked itself. */
	if (s->source.kind == SOURCE_SQUASHFS && !t->to && t->error_fd < 0 && image_fuse_usable())
		return error_set(err, EINVAL, "it is mounted as it is, by squashfuse");
	if (t->to && geteuid() == 0)
		return error_set(err, EPERM,
				 "not into %s as root: programs in it that are setuid would be "
				 "root's. Take an ordinary user to whom the folder belongs",
				 t->to);
	return 0;
}

static void print_digest(const struct staging *s)
{
	char digest[IMAGE_DIGEST_MAX];

	cache_digest_of_key(s->source.key, digest);
	puts(digest[0] ? digest : s->source.key);
}

static int run(struct tool *t, int argc, char *argv[], struct error *err)
{
	_cleanup_(free_staging) struct staging *s = calloc(1, sizeof(*s));
	char blobs[PATH_MAX + 16];

	if (!s)
		return error_set(err, ENOMEM, "out of memory");
	s->tool = t;
	progress_begin(&s->progress, argv[0]);
	if (find_source(s, argv[0], err) < 0 || needs_staging(s, err) < 0 ||
	    tool_make_folders(t, err) < 0 || stage(s, argv[0], err) < 0)
		return t->error_fd < 0 ? error_wrap(err, "%.200s", argv[0]) : -1;
	if (t->error_fd < 0)
		print_digest(s);
	if (!t->to)
		return evict_to_limit(t, s->source.key, err);
	snprintf(blobs, sizeof(blobs), "%s/.blobs", t->images);
	return remove_tree(AT_FDCWD, blobs, err);
}

const struct command command_stage = {
	.name = "stage",
	.arguments = "IMAGE",
	.summary = "unpack an image into your cache, so that steps find it there",
	.help = "IMAGE is as --container takes it; it prints the image's digest. A step whose "
		"image\n"
		"isn't there does the same.\n"
		"  --to=FOLDER         into a folder for all users: the site names it in "
		"plugstack.conf\n"
		"  --cache-limit=SIZE  afterwards remove least recently used images until the "
		"cache is\n"
		"                      no larger (default: half of its file system; none: no "
		"limit)\n",
	.min = 1,
	.max = 1,
	.run = run,
};
