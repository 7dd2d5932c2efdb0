/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container_mount.h"
#include "spank/holder/bundle_edit.h"

/* "~" and "~/x" are the job's home folder. Returns 0, or -1 with err filled. */
static int expand_home(const char *path, char *dest, size_t size, struct error *err)
{
	const char *home = getenv("HOME");
	int n;

	if (path[0] != '~' || (path[1] && path[1] != '/')) {
		n = snprintf(dest, size, "%s", path);
	} else {
		if (!home || home[0] != '/')
			return error_set(
				err, ENOENT,
				"~ is not known: HOME is not set in the job's environment");
		n = snprintf(dest, size, "%s%s", home, path + 1);
	}
	if ((size_t)n >= size)
		return error_set(err, ENAMETOOLONG, "the path is too long");
	return 0;
}

static int add_flags(struct mount_options *o, char *flags, struct error *err)
{
	char *save = NULL;

	for (char *flag = strtok_r(flags, "+", &save); flag; flag = strtok_r(NULL, "+", &save))
		if (mount_options_add(o, flag, !o->bind, err) < 0)
			return -1;
	return 0;
}

/* "bind" shows that file system alone, all else what is mounted below it, too. */
static bool without_below(const char *flags)
{
	size_t n = strcspn(flags, "+");

	for (; *flags; flags += n + (flags[n] == '+'), n = strcspn(flags, "+"))
		if (n == 4 && !memcmp(flags, "bind", 4))
			return true;
	return false;
}

static int add_mount(struct bundle *b, struct container_mount *item, const char *from,
		     struct error *err)
{
	char source[PATH_MAX], target[PATH_MAX];
	_cleanup_free_ char *real = NULL;
	struct mount_options options = {
		.bind = !item->tmpfs,
		.recursive = !item->tmpfs && !without_below(item->options),
	};

	if (expand_home(item->source, source, sizeof(source), err) < 0 ||
	    expand_home(item->target, target, sizeof(target), err) < 0)
		return -1;
	if (add_flags(&options, item->options, err) < 0)
		return error_wrap(err, "%s", target);
	if (!item->tmpfs) {
		real = realpath(source, NULL);
		if (!real)
			return error_errno(err, "%s", source);
	}
	/* A relative path that is given alone stands at the same place inside. */
	if (bundle_add_mount(b, real, target[0] == '/' ? target : real, &options, err) < 0)
		return -1;
	b->mounts[b->mount_count - 1].from = from;
	return 0;
}

static int add_mounts(const char *list, struct bundle *b, struct error *err)
{
	struct container_mount item;
	int rc;

	while ((rc = container_mount_next(&list, &item, err)) > 0)
		if (add_mount(b, &item, "--container-mounts", err) < 0)
			return error_wrap(err, "--container-mounts");
	return rc < 0 ? error_wrap(err, "--container-mounts") : 0;
}

static int add_home(struct bundle *b, struct error *err)
{
	struct container_mount home = {.source = "~", .target = "~"};

	if (add_mount(b, &home, "--container-mount-home", err) < 0)
		return error_wrap(err, "--container-mount-home");
	return 0;
}

int options_apply(const struct request *r, struct bundle *b, struct error *err)
{
	const struct container_options *o = &r->options;
	const char *workdir = o->value[CONTAINER_WORKDIR];

	/* What a container keeps or saves has to be written first. */
	b->read_only = !container_options_on(o, CONTAINER_WRITABLE,
					     !b->read_only || o->value[CONTAINER_NAME] ||
						     o->value[CONTAINER_SAVE]);
	if (container_options_on(o, CONTAINER_MOUNT_HOME, false) && add_home(b, err) < 0)
		return -1;
	if (o->value[CONTAINER_MOUNTS] && add_mounts(o->value[CONTAINER_MOUNTS], b, err) < 0)
		return -1;
	if (!workdir)
		return 0;
	free(b->cwd);
	b->cwd = strdup(workdir);
	b->cwd_must_exist = true;
	return b->cwd ? 0 : error_set(err, ENOMEM, "out of memory");
}
