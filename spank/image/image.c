/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buffer.h"
#include "spank/image/config.h"
#include "spank/image/start_stage.h"

/* An image may be removed between its staging and our lock on it. */
#define TRIES 3

struct opening {
	const struct image_request *request;
	struct image_places places;
	char images[PATH_MAX];
	char job[32];
	struct image_source source;
};

bool image_fuse_usable(void)
{
	_cleanup_close_ int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	/* As spank/holder/fuse.c starts it. */
	static const char *const programs[] = {
		"/usr/bin/squashfuse_ll",
		"/usr/local/bin/squashfuse_ll",
		"/usr/bin/squashfuse",
		"/usr/local/bin/squashfuse",
	};

	for (size_t i = 0; fd >= 0 && i < ARRAY_SIZE(programs); i++)
		if (access(programs[i], X_OK) == 0)
			return true;
	return false;
}

static int read_config(struct bundle *b, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	char path[PATH_MAX + 16];
	size_t len;

	snprintf(path, sizeof(path), "%s/image.json", b->path);
	if (buffer_read_file(path, IMAGE_CONFIG_MAX, &text, &len, err) < 0) {
		if (err->code != ENOENT)
			return -1;
		b->cwd = strdup("");
		return b->cwd ? 0 : error_set(err, ENOMEM, "out of memory");
	}
	return image_config_parse(b, text, len, err);
}

/* Returns 0, or -1 with err filled. Takes the lock of c. */
static int take_cached(struct bundle *b, struct cached_image *c, struct error *err)
{
	b->lock = TAKE_FD(c->lock);
	b->path = strdup(c->path);
	cache_digest_of_key(c->key, b->digest);
	if (asprintf(&b->rootfs, "%s/rootfs", c->path) < 0)
		b->rootfs = NULL;
	if (!c->site && asprintf(&b->users, "%s/users", c->path) < 0)
		b->users = NULL;
	if (!b->path || !b->rootfs || (!c->site && !b->users))
		return error_set(err, ENOMEM, "out of memory");
	return read_config(b, err);
}

/* Returns 0 if b was filled, 1 if it has to be staged, -1 with err filled. */
static int open_cached(struct opening *o, struct bundle *b, struct error *err)
{
	struct cached_image c;
	int rc;

	if (!o->source.key[0])
		return 1;
	rc = cache_find(o->places.images, o->places.site, o->source.key, &c, err);
	if (rc <= 0)
		return rc < 0 ? -1 : 1;
	return take_cached(b, &c, err);
}

static int open_squashfs(struct opening *o, struct bundle *b, struct error *err)
{
	if (o->request->no_fuse || !image_fuse_usable())
		return open_cached(o, b, err);
	b->path = strdup(o->source.path);
	b->squashfs = strdup(o->source.path);
	b->offset = o->source.offset;
	b->cwd = strdup("");
	if (!b->path || !b->squashfs || !b->cwd)
		return error_set(err, ENOMEM, "out of memory");
	return 0;
}

static int open_bundle(struct opening *o, struct bundle *b, struct error *err)
{
	b->path = strdup(o->source.path);
	if (!b->path)
		return error_set(err, ENOMEM, "out of memory");
	return bundle_read(b, err);
}

static int open_folder(struct opening *o, struct bundle *b, struct error *err)
{
	b->path = strdup(o->source.path);
	b->rootfs = strdup(o->source.path);
	b->cwd = strdup("");
	if (!b->path || !b->rootfs || !b->cwd)
		return error_set(err, ENOMEM, "out of memory");
	return 0;
}

/* Each returns 0 if b was filled, 1 if the image has to be staged, -1 with err filled. */
static int (*const open_kind[])(struct opening *o, struct bundle *b, struct error *err) = {
	[SOURCE_BUNDLE] = open_bundle, [SOURCE_FOLDER] = open_folder,
	[SOURCE_LAYOUT] = open_cached, [SOURCE_SQUASHFS] = open_squashfs,
	[SOURCE_DOCKER] = open_cached,
};

static int prepare(struct opening *o, const struct image_request *q, struct error *err)
{
	size_t n = q->step ? strcspn(q->step, ".") : 0;

	o->request = q;
	if (snprintf(o->images, sizeof(o->images), "%s/images", q->state) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "state= of plugstack.conf is too long");
	snprintf(o->job, sizeof(o->job), "%.*s", (int)n, q->step ? q->step : "");
	o->places = (struct image_places){.images = o->images, .site = q->site, .job = o->job};
	return 0;
}

int image_open(const struct image_request *q, struct bundle **ret, struct error *err)
{
	_cleanup_free_ struct opening *o = calloc(1, sizeof(*o));

	if (!o)
		return error_set(err, ENOMEM, "out of memory");
	if (prepare(o, q, err) < 0)
		return -1;
	for (int i = 0; i < TRIES; i++) {
		_cleanup_(bundle_freep) struct bundle *b = bundle_new();
		int rc;

		if (!b)
			return error_set(err, ENOMEM, "out of memory");
		if (image_source_find(&o->places, q->image, &o->source, err) < 0)
			return -1;
		rc = open_kind[o->source.kind](o, b, err);
		if (rc < 0)
			return -1;
		if (rc == 0) {
			*ret = TAKE_PTR(b);
			return 0;
		}
		if (start_stage(q, o->job, err) < 0)
			return -1;
	}
	return error_set(err, EAGAIN,
			 "it was staged and removed again %d times: the size limit of the cache is "
			 "too small for what is used at once",
			 TRIES);
}
