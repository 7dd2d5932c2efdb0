/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OCI layouts, and images from registries, which become one: umoci unpacks both. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buffer.h"
#include "spank/image/config.h"
#include "spank/tool/run.h"
#include "spank/tool/staging.h"

#define TAG "image"
#define RESOLVE_SECONDS 60

/* A path below partial. */
static int below(const struct staging *s, const char *name, char path[PATH_MAX], struct error *err)
{
	if (snprintf(path, PATH_MAX, "%s/%s", s->partial, name) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "the cache's path is too long");
	return 0;
}

int staging_write(const struct staging *s, const char *name, const char *text, size_t len,
		  struct error *err)
{
	_cleanup_fclose_ FILE *f = NULL;
	char path[PATH_MAX];

	if (below(s, name, path, err) < 0)
		return -1;
	f = fopen(path, "we");
	if (!f || fwrite(text, 1, len, f) != len || fflush(f))
		return error_errno(err, "%s", path);
	return 0;
}

/* The name for skopeo, which takes a tag or a digest. */
static int docker_name(const struct staging *s, const char *digest, char *dest, size_t size,
		       struct error *err)
{
	struct image_reference r = s->source.reference;

	snprintf(r.digest, sizeof(r.digest), "%s", digest);
	if (digest[0])
		r.tag[0] = '\0';
	if (image_reference_format(&r, dest, size) < 0)
		return error_set(err, ENAMETOOLONG, "the name is too long");
	return 0;
}

/* What the registry has for a digest, or the tag if that is "". The caller frees text. */
static int fetch_manifest(struct staging *s, const char *digest, char **text, size_t *len,
			  struct error *err)
{
	char name[4608];
	const char *argv[] = {"skopeo", "inspect", "--raw", name, NULL};
	struct run r = {.argv = argv,
			.max = LAYOUT_JSON_MAX,
			.timeout = RESOLVE_SECONDS,
			.output = text,
			.output_len = len};

	if (docker_name(s, digest, name, sizeof(name), err) < 0)
		return -1;
	return run_program(&r, err);
}

/* The digest of a manifest's text. */
static int manifest_digest(struct staging *s, const char *text, size_t len,
			   char digest[IMAGE_DIGEST_MAX], struct error *err)
{
	char path[PATH_MAX];
	const char *argv[] = {"skopeo", "manifest-digest", path, NULL};
	_cleanup_free_ char *answer = NULL;
	size_t n;
	struct run r = {.argv = argv, .max = 256, .output = &answer, .output_len = &n};

	if (below(s, "manifest", path, err) < 0 ||
	    staging_write(s, "manifest", text, len, err) < 0 || run_program(&r, err) < 0)
		return -1;
	answer[strcspn(answer, "\n")] = '\0';
	if (!image_digest_is_valid(answer))
		return error_set(err, EPROTO, "skopeo manifest-digest answered '%.80s'", answer);
	strcpy(digest, answer);
	return 0;
}

int staging_resolve(struct staging *s, struct error *err)
{
	struct layout_blob *manifest = &s->source.manifest;
	char digest[IMAGE_DIGEST_MAX], wanted[IMAGE_DIGEST_MAX];

	strcpy(wanted, manifest->digest);
	for (;;) {
		_cleanup_free_ char *text = NULL;
		size_t len = 0;
		int rc;

		if (fetch_manifest(s, wanted, &text, &len, err) < 0 ||
		    manifest_digest(s, text, len, digest, err) < 0)
			return -1;
		if (wanted[0] && strcmp(wanted, digest))
			return error_set(err, EBADMSG, "the registry answered %s for %s", digest,
					 wanted);
		strcpy(manifest->digest, digest);
		manifest->size = len;
		rc = layout_choose(text, len, manifest, err);
		if (rc < 0)
			return -1;
		if (rc == 0) {
			cache_key_of_digest(manifest->digest, s->source.key);
			return layout_manifest_parse(text, len, &s->manifest, err);
		}
		if (!strcmp(manifest->digest, wanted))
			return error_set(err, ELOOP, "its index names itself");
		strcpy(wanted, manifest->digest);
	}
}

/* Bytes of the layers that have arrived: whole ones, and what skopeo is writing. */
static void tell_download(void *arg, pid_t pid)
{
	struct staging *s = arg;
	char path[PATH_MAX];
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	uint64_t bytes = 0;
	struct stat st;

	s->progress.layers = s->manifest.count;
	s->progress.layers_done = 0;
	for (size_t i = 0; i < s->manifest.count; i++) {
		if (snprintf(path, PATH_MAX, "%s/.blobs/sha256/%s", s->tool->images,
			     s->manifest.layers[i].digest + 7) >= PATH_MAX ||
		    stat(path, &st) < 0)
			continue;
		bytes += st.st_size;
		s->progress.layers_done++;
	}
	if (below(s, "layout", path, NULL) == 0)
		dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "oci-put-blob", 12) &&
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			bytes += st.st_size;
	progress_tell(&s->progress, bytes, s->manifest.size);
}

/* Let partial/layout/blobs be folder, whatever skopeo made there. */
static int link_blobs(struct staging *s, const char *folder, struct error *err)
{
	char path[PATH_MAX], blobs[PATH_MAX];

	if (below(s, "layout", path, err) < 0 || below(s, "layout/blobs", blobs, err) < 0)
		return -1;
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return error_errno(err, "%s", path);
	if ((rmdir(blobs) < 0 && errno != ENOENT) || symlink(folder, blobs) < 0)
		return error_errno(err, "%s", blobs);
	return 0;
}

/* skopeo writes blobs that it lacks into the folder that all images of the cache share. */
int staging_docker(struct staging *s, struct error *err)
{
	char name[4608], blobs[PATH_MAX];
	const char *argv[] = {"skopeo",
			      "copy",
			      "--quiet",
			      "--retry-times",
			      "2",
			      "--dest-shared-blob-dir",
			      blobs,
			      name,
			      "oci:layout:" TAG,
			      NULL};
	struct run r = {.argv = argv, .folder = s->partial, .tick = tell_download, .arg = s};

	if (docker_name(s, s->source.manifest.digest, name, sizeof(name), err) < 0)
		return -1;
	if (snprintf(blobs, sizeof(blobs), "%s/.blobs", s->tool->images) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "the cache's path is too long");
	progress_step(&s->progress, "downloading");
	if (run_program(&r, err) < 0 || link_blobs(s, blobs, err) < 0)
		return -1;
	return staging_unpack(s, err);
}

int staging_layout(struct staging *s, struct error *err)
{
	static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
	char blobs[PATH_MAX + 8], index[512];
	int n;

	snprintf(blobs, sizeof(blobs), "%s/blobs", s->source.path);
	n = snprintf(index, sizeof(index),
		     "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"application/"
		     "vnd.oci.image.manifest.v1+json\",\"digest\":\"%s\",\"size\":%llu,"
		     "\"annotations\":{\"org.opencontainers.image.ref.name\":\"" TAG "\"}}]}",
		     s->source.manifest.digest, (unsigned long long)s->source.manifest.size);
	if (link_blobs(s, blobs, err) < 0 ||
	    staging_write(s, "layout/oci-layout", layout, strlen(layout), err) < 0 ||
	    staging_write(s, "layout/index.json", index, n, err) < 0)
		return -1;
	return staging_unpack(s, err);
}

static void tell_unpacking(void *arg, pid_t pid)
{
	struct staging *s = arg;

	s->progress.layers = 0;
	staging_tell_read(&s->progress, pid, s->manifest.size);
}

/* What the user should know about it, once. */
static void tell_user(const struct staging *s, const char *config, size_t len)
{
	char user[64];

	image_config_user(config, len, user, sizeof(user));
	if (user[0])
		fprintf(stderr,
			"kube-container: %s: it asks to be run as user '%s'; steps run it as you\n",
			s->source.name, user);
}

static int take_config(struct staging *s, const char *layout, struct error *err)
{
	struct image_reference r = {.kind = IMAGE_OCI_LAYOUT, .tag = TAG};
	_cleanup_free_ char *text = NULL, *config = NULL;
	_cleanup_(bundle_freep) struct bundle *checked = bundle_new();
	struct layout_blob blob;
	size_t len;

	layout_manifest_free(&s->manifest);
	if (!checked)
		return error_set(err, ENOMEM, "out of memory");
	if (layout_find(layout, &r, &blob, err) < 0 ||
	    layout_read(layout, blob.digest, LAYOUT_JSON_MAX, &text, &len, err) < 0 ||
	    layout_manifest_parse(text, len, &s->manifest, err) < 0 ||
	    layout_read(layout, s->manifest.config.digest, IMAGE_CONFIG_MAX, &config, &len, err) <
		    0)
		return -1;
	if (image_config_parse(checked, config, len, err) < 0)
		return -1;
	tell_user(s, config, len);
	return staging_write(s, "image.json", config, len, err);
}

int staging_unpack(struct staging *s, struct error *err)
{
	static const char *const argv[] = {"umoci",   "raw",	     "unpack", "--rootless",
					   "--image", "layout:" TAG, "rootfs", NULL};
	struct run r = {.argv = argv, .folder = s->partial, .tick = tell_unpacking, .arg = s};
	char layout[PATH_MAX];

	if (below(s, "layout", layout, err) < 0 || take_config(s, layout, err) < 0)
		return -1;
	progress_step(&s->progress, "unpacking");
	return run_program(&r, err);
}
