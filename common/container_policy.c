/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/container_policy.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/container_mount.h"
#include "common/image_reference.h"
#include "common/path_text.h"

#define NAME_MAX_BYTES (2 * PATH_MAX)

static int denied(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int denied(struct error *err, const char *format, ...)
{
	char text[sizeof(err->text)];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return error_set(err, EPERM, "%s", text);
}

static int check_readable(const struct container_policy *policy, struct error *err)
{
	return policy->broken.code ? denied(err, "%s", policy->broken.text) : 0;
}

/* The first pattern that matches one of the names; NULL if none does. */
static const char *match(char **patterns, char names[][NAME_MAX_BYTES], int count)
{
	for (char **p = patterns; p && *p; p++)
		for (int i = 0; i < count; i++)
			if (fnmatch(*p, names[i], 0) == 0)
				return *p;
	return NULL;
}

/* docker://alpine is docker://docker.io/library/alpine:latest.
 * Source: github.com/distribution/reference, normalize.go. */
static int full_docker_name(const struct image_reference *r, char *dest, size_t size)
{
	static const char index[] = "index.docker.io/";
	const char *name = r->name, *slash = strchr(name, '/');
	size_t first = slash ? (size_t)(slash - name) : 0;
	bool registry = slash && (memchr(name, '.', first) || memchr(name, ':', first) ||
				  (first == 9 && !memcmp(name, "localhost", 9)));
	const char *host = registry ? "" : "docker.io/", *library = slash ? "" : "library/";
	int n;

	if (!strncmp(name, index, strlen(index))) {
		name += strlen("index.");
		slash = strchr(name, '/');
	}
	if (!strncmp(name, "docker.io/", strlen("docker.io/")) && !strchr(slash + 1, '/')) {
		name = slash + 1;
		host = "docker.io/";
		library = "library/";
	}
	n = snprintf(dest, size, "docker://%s%s%s:%s", host, library, name,
		     r->tag[0] ? r->tag : "latest");
	return n < 0 || (size_t)n >= size ? -1 : 0;
}

/* A path in full. One with ".." can't be judged by its text: what is before it may be a link. */
static int full_path(const struct image_reference *r, const char *cwd, char *dest, size_t size,
		     struct error *err)
{
	const char *prefix = r->kind == IMAGE_OCI_LAYOUT ? "oci:" : "";
	char path[PATH_MAX];
	int n;

	if (path_text_has_parent(r->name))
		return denied(err, "the site's policy can't judge a path with '..': write it "
				   "without");
	if (path_text_join(cwd, r->name, path, sizeof(path)) < 0)
		return denied(err, "the site's policy can't judge a relative path here: write it "
				   "in full");
	n = snprintf(dest, size, "%s%s%s%s", prefix, path, r->tag[0] ? ":" : "", r->tag);
	return n < 0 || (size_t)n >= size ? denied(err, "the name is too long") : 0;
}

/* The names by which an image is known. Returns how many, or -1 with err filled. */
static int image_names(const char *image, const char *cwd, char names[2][NAME_MAX_BYTES],
		       struct error *err)
{
	struct image_reference r;

	if (image_reference_parse(image, &r, err) < 0)
		return -1;
	r.digest[0] = '\0';
	if (r.kind != IMAGE_DOCKER)
		return full_path(&r, cwd, names[0], NAME_MAX_BYTES, err) < 0 ? -1 : 1;
	if (image_reference_format(&r, names[0], NAME_MAX_BYTES) < 0 ||
	    full_docker_name(&r, names[1], NAME_MAX_BYTES) < 0)
		return denied(err, "the name is too long");
	return 2;
}

int container_policy_check_image(const struct container_policy *policy, const char *image,
				 const char *cwd, struct error *err)
{
	char names[2][NAME_MAX_BYTES];
	const char *pattern;
	int count;

	if (check_readable(policy, err) < 0)
		return -1;
	if (!policy->images_allowed && !policy->images_denied)
		return 0;
	count = image_names(image, cwd, names, err);
	if (count < 0)
		return -1;
	pattern = match(policy->images_denied, names, count);
	if (pattern)
		return denied(err, "the site doesn't allow it: ImagesDenied=%.200s", pattern);
	if (policy->images_allowed && !match(policy->images_allowed, names, count))
		return denied(err,
			      "the site doesn't allow it: no pattern of ImagesAllowed "
			      "(%.100s%s) matches",
			      policy->images_allowed[0], policy->images_allowed[1] ? ", ..." : "");
	return 0;
}

int container_policy_check_source(const struct container_policy *policy, const char *path,
				  struct error *err)
{
	if (check_readable(policy, err) < 0)
		return -1;
	for (char **p = policy->mounts_denied; p && *p; p++) {
		if (path_text_is_in(path, *p))
			return denied(err, "the site doesn't allow it: MountsDenied=%.200s", *p);
		if (path_text_is_in(*p, path))
			return denied(err,
				      "the site doesn't allow it: it holds %.200s, which is "
				      "in MountsDenied",
				      *p);
	}
	return 0;
}

static int check_mounts(const struct container_policy *policy, const char *list, const char *cwd,
			struct error *err)
{
	struct container_mount mount;
	char path[PATH_MAX];
	int rc;

	while ((rc = container_mount_next(&list, &mount, err)) > 0) {
		if (mount.tmpfs || mount.source[0] == '~' ||
		    path_text_join(cwd, mount.source, path, sizeof(path)) < 0)
			continue;
		if (container_policy_check_source(policy, path, err) < 0)
			return error_wrap(err, "--container-mounts: %.200s", mount.source);
	}
	return rc;
}

/* A toggle is forbidden to be on, all else to be given. */
static bool is_forbidden(const struct container_policy *policy, int option, const char *value)
{
	enum container_option_type type = container_option_rows[option].type;

	if (!policy->forbidden[option])
		return false;
	return (type != OPTION_TOGGLE && type != OPTION_ENTRYPOINT) || strcmp(value, "no");
}

static int check_option(const struct container_policy *policy, int option, const char *value,
			struct error *err)
{
	const struct container_option_row *row = &container_option_rows[option];
	const char *forced = policy->forced.value[option];

	if (is_forbidden(policy, option, value))
		return denied(err, "--container-%s: the site doesn't allow it: OptionsForbidden=%s",
			      row->key, row->key);
	if (forced && row->type != OPTION_LIST && strcmp(forced, value))
		return denied(err,
			      "--container-%s: the site doesn't allow '%.80s': "
			      "OptionsForced=%s=%.80s",
			      row->key, value, row->key, forced);
	return 0;
}

int container_policy_check_options(const struct container_policy *policy,
				   const struct container_options *options, const char *cwd,
				   struct error *err)
{
	const char *mounts = options->value[CONTAINER_MOUNTS];

	if (check_readable(policy, err) < 0)
		return -1;
	for (int i = 0; i < CONTAINER_OPTION_COUNT; i++)
		if (options->value[i] && check_option(policy, i, options->value[i], err) < 0)
			return -1;
	return mounts && policy->mounts_denied ? check_mounts(policy, mounts, cwd, err) : 0;
}

int container_policy_check(const struct container_policy *policy, const char *image,
			   const struct container_options *options, const char *cwd,
			   struct error *err)
{
	if ((image && image[0] && container_policy_check_image(policy, image, cwd, err) < 0) ||
	    container_policy_check_options(policy, options, cwd, err) < 0)
		return error_wrap(err, "container %.200s", image ? image : "");
	return 0;
}

bool container_policy_is_empty(const struct container_policy *policy)
{
	for (int i = 0; i < CONTAINER_OPTION_COUNT; i++)
		if (policy->forced.value[i] || policy->defaults.value[i] || policy->forbidden[i])
			return false;
	return !policy->broken.code && !policy->images_allowed && !policy->images_denied &&
	       !policy->mounts_denied && !policy->default_images;
}

int container_policy_apply(const struct container_policy *policy, struct container_options *options,
			   struct error *err)
{
	for (int i = 0; i < CONTAINER_OPTION_COUNT; i++) {
		const char *value = policy->forced.value[i];

		if (!value && !options->value[i])
			value = policy->defaults.value[i];
		if (value && container_options_set(options, i, value, err) < 0)
			return error_wrap(err, "kube.conf: %s", container_option_rows[i].key);
	}
	return 0;
}

const char *container_policy_default_image(const struct container_policy *policy,
					   const char *partition)
{
	size_t n = partition ? strlen(partition) : 0;

	for (char **p = policy->default_images; p && *p && n; p++)
		if (!strncmp(*p, partition, n) && (*p)[n] == '=')
			return *p + n + 1;
	return NULL;
}
