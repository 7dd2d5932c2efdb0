/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/image/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "common/buffer.h"
#include "common/json.h"

#define REF_NAME "org.opencontainers.image.ref.name"
#define NESTED_MAX 4 /* indexes in indexes */

const char *layout_architecture(void)
{
	static const struct {
		const char *machine, *architecture;
	} names[] = {
		{"x86_64", "amd64"}, {"aarch64", "arm64"}, {"armv7l", "arm"},
		{"armv6l", "arm"},   {"i686", "386"},	   {"loongarch64", "loong64"},
		{"mips", "mips"},
	};
	static struct utsname u;

	uname(&u);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(u.machine, names[i].machine))
			return names[i].architecture;
	return u.machine;
}

int layout_blob_path(const char *path, const char *digest, char dest[PATH_MAX])
{
	int n = snprintf(dest, PATH_MAX, "%s/blobs/sha256/%s", path, digest + strlen("sha256:"));

	return n < 0 || n >= PATH_MAX ? -1 : 0;
}

/* A FIFO or a device in its place must not make us hang. */
static int read_regular(const char *path, size_t max, char **ret, size_t *len, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, "%s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, EINVAL, "%s is no file", path);
	return buffer_read_fd(fd, path, max, ret, len, err);
}

int layout_read(const char *path, const char *digest, size_t max, char **ret, size_t *len,
		struct error *err)
{
	char blob[PATH_MAX];

	if (layout_blob_path(path, digest, blob) < 0)
		return error_set(err, ENAMETOOLONG, "its path is too long");
	return read_regular(blob, max, ret, len, err);
}

static int take_blob(struct json_object *o, struct layout_blob *ret, struct error *err)
{
	const char *digest = json_get_string(o, "digest");
	int64_t size = json_get_int(o, "size", -1);

	if (!digest || !image_digest_is_valid(digest))
		return error_set(err, EINVAL, "'%.80s' is no sha256 digest",
				 digest ? digest : "(none)");
	if (size < 0)
		return error_set(err, EINVAL, "%s has no size", digest);
	strcpy(ret->digest, digest);
	ret->size = size;
	return 0;
}

static bool is_for_us(struct json_object *descriptor)
{
	const char *os = json_get_string(descriptor, "platform.os");
	const char *architecture = json_get_string(descriptor, "platform.architecture");

	return os && architecture && !strcmp(os, "linux") &&
	       !strcmp(architecture, layout_architecture());
}

int layout_choose(const char *text, size_t len, struct layout_blob *ret, struct error *err)
{
	_cleanup_json_ struct json_object *index = json_parse(text, len, err);
	struct json_object *list;

	if (!index)
		return error_wrap(err, "the image's manifest");
	list = json_get(index, "manifests");
	if (!json_object_is_type(list, json_type_array))
		return 0;
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		if (is_for_us(item))
			return take_blob(item, ret, err) < 0 ? -1 : 1;
	}
	return error_set(err, ENOENT, "there is none for this node's architecture, linux/%s",
			 layout_architecture());
}

/* From an index to the manifest for this node. */
static int follow_index(const char *path, struct layout_blob *blob, struct error *err)
{
	for (int i = 0; i < NESTED_MAX; i++) {
		_cleanup_free_ char *text = NULL;
		size_t len;
		int rc;

		if (layout_read(path, blob->digest, LAYOUT_JSON_MAX, &text, &len, err) < 0)
			return -1;
		blob->size = len;
		rc = layout_choose(text, len, blob, err);
		if (rc <= 0)
			return rc;
	}
	return error_set(err, ELOOP, "its indexes are nested more than %d deep", NESTED_MAX);
}

static bool has_tag(struct json_object *descriptor, const char *tag)
{
	const char *name = json_member_string(json_get(descriptor, "annotations"), REF_NAME);

	return name && !strcmp(name, tag);
}

static int find_tag(struct json_object *list, const char *tag, struct layout_blob *ret,
		    struct error *err)
{
	size_t n = json_length(list);

	if (!tag[0] && n == 1)
		return take_blob(json_object_array_get_idx(list, 0), ret, err);
	for (size_t i = 0; i < n; i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		if (has_tag(item, tag[0] ? tag : "latest"))
			return take_blob(item, ret, err);
	}
	if (tag[0])
		return error_set(err, ENOENT, "there is no tag '%s' in it", tag);
	return error_set(err, ENOENT,
			 "it holds %zu images and none is tagged latest: say which, oci:PATH:TAG",
			 n);
}

int layout_find(const char *path, const struct image_reference *r, struct layout_blob *ret,
		struct error *err)
{
	_cleanup_json_ struct json_object *index = NULL;
	_cleanup_free_ char *text = NULL;
	char file[PATH_MAX];
	size_t len;

	if (r->digest[0]) {
		strcpy(ret->digest, r->digest);
		return follow_index(path, ret, err);
	}
	if (snprintf(file, sizeof(file), "%s/index.json", path) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "its path is too long");
	if (read_regular(file, LAYOUT_JSON_MAX, &text, &len, err) < 0)
		return error_wrap(err, "it is no OCI image layout");
	index = json_parse(text, len, err);
	if (!index || find_tag(json_get(index, "manifests"), r->tag, ret, err) < 0)
		return error_wrap(err, "its index.json");
	return follow_index(path, ret, err);
}

int layout_manifest_parse(const char *text, size_t len, struct layout_manifest *ret,
			  struct error *err)
{
	_cleanup_json_ struct json_object *manifest = json_parse(text, len, err);
	_cleanup_(layout_manifest_free) struct layout_manifest m = {0};
	struct json_object *list;
	size_t n;

	if (!manifest)
		return error_wrap(err, "the image's manifest");
	list = json_get(manifest, "layers");
	n = json_length(list);
	if (!json_object_is_type(list, json_type_array) || n > LAYOUT_LAYERS_MAX)
		return error_set(err, EINVAL, "the image's manifest has no layers, or more than %d",
				 LAYOUT_LAYERS_MAX);
	m.layers = calloc(n + 1, sizeof(*m.layers));
	if (!m.layers)
		return error_set(err, ENOMEM, "out of memory");
	if (take_blob(json_get(manifest, "config"), &m.config, err) < 0)
		return error_wrap(err, "the image's manifest: config");
	for (; m.count < n; m.count++) {
		struct layout_blob *layer = &m.layers[m.count];

		if (take_blob(json_object_array_get_idx(list, m.count), layer, err) < 0)
			return error_wrap(err, "the image's manifest: layers[%zu]", m.count);
		m.size += layer->size;
	}
	*ret = m;
	m = (struct layout_manifest){0};
	return 0;
}

void layout_manifest_free(struct layout_manifest *m)
{
	free(m->layers);
	*m = (struct layout_manifest){0};
}
