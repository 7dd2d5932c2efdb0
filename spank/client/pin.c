/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/client/pin.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/image_reference.h"
#include "spank/tool/run.h"

#define MANIFEST_MAX (4 << 20) /* as much as skopeo takes itself */
#define SECONDS 10

bool pin_is_refusal(const char *words)
{
	static const char *const signs[] = {
		"manifest unknown",
		"name unknown",
		"unauthorized",
		"denied",
		"authentication required",
		"not found",
		"no descriptor found",
		"choose an image",
		"invalid reference format",
		"invalid status code from registry 404",
	};

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
		if (strstr(words, signs[i]))
			return true;
	return false;
}

static bool can_be_pinned(const struct image_reference *r)
{
	char path[PATH_MAX + 16];

	if (r->kind == IMAGE_PATH || r->digest[0])
		return false;
	if (r->kind == IMAGE_DOCKER)
		return true;
	if (r->name[0] != '/')
		return false;
	snprintf(path, sizeof(path), "%s/index.json", r->name);
	return access(path, R_OK) == 0;
}

/* Ask for the manifest: one request, and none for what it lists. */
static int get_manifest(const char *name, char **ret, size_t *len, struct error *err)
{
	const char *argv[] = {"skopeo", "inspect", "--raw", name, NULL};
	const struct run r = {
		.argv = argv,
		.max = MANIFEST_MAX,
		.output = ret,
		.output_len = len,
		.timeout = SECONDS,
	};

	return run_program(&r, err);
}

/* An old manifest holds a signature that doesn't count, so it is for skopeo to say. */
static int get_digest(const char *manifest, size_t len, char digest[IMAGE_DIGEST_MAX],
		      struct error *err)
{
	_cleanup_close_ int fd = memfd_create("manifest", MFD_CLOEXEC);
	_cleanup_free_ char *answer = NULL;
	char path[64];
	const char *argv[] = {"skopeo", "manifest-digest", path, NULL};
	size_t n;
	const struct run r = {
		.argv = argv,
		.max = 4096,
		.output = &answer,
		.output_len = &n,
		.timeout = SECONDS,
	};

	if (fd < 0 || write(fd, manifest, len) != (ssize_t)len)
		return error_errno(err, "memfd");
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), fd);
	if (run_program(&r, err) < 0)
		return -1;
	answer[strcspn(answer, "\n")] = '\0';
	if (!image_digest_is_valid(answer))
		return error_set(err, EPROTO, "skopeo manifest-digest answered '%.80s'", answer);
	strcpy(digest, answer);
	return 0;
}

static int look_up(const char *image, char digest[IMAGE_DIGEST_MAX], struct error *err)
{
	_cleanup_free_ char *manifest = NULL;
	size_t len = 0;

	if (get_manifest(image, &manifest, &len, err) < 0)
		return -1;
	return get_digest(manifest, len, digest, err);
}

static void warn(const struct pin *pin, const char *image, const struct error *err)
{
	char text[sizeof(err->text) + 512];

	snprintf(text, sizeof(text),
		 "container %.200s: it can't be pinned to what it is now, so each node will look "
		 "it up: %s",
		 image, err->code == ENOENT ? "skopeo is not installed here" : err->text);
	pin->warn(text);
}

int pin_image(char **image, void *arg, struct error *err)
{
	const struct pin *pin = arg;
	struct image_reference r;
	char digest[IMAGE_DIGEST_MAX];
	char *pinned;

	if (!pin->enabled || image_reference_parse(*image, &r, NULL) < 0 || !can_be_pinned(&r))
		return 0;
	if (look_up(*image, digest, err) < 0) {
		if (err->code == ECANCELED || (err->code == EIO && pin_is_refusal(err->text)))
			return error_wrap(err, "container %.200s", *image);
		warn(pin, *image, err);
		return 0;
	}
	if (asprintf(&pinned, "%s@%s", *image, digest) < 0)
		return error_set(err, ENOMEM, "out of memory");
	free(*image);
	*image = pinned;
	return 0;
}
