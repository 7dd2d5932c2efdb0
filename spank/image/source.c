/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/image/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "common/cleanup.h"
#include "common/hash.h"
#include "spank/image/sif.h"

#define SUPERBLOCK_SIZE 96

static bool has_file(int folder, const char *name)
{
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool looks_like_root(int folder)
{
	static const char *const signs[] = {"bin", "usr", "etc", "lib", "sbin", "opt"};

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
		if (has_file(folder, signs[i]))
			return true;
	return false;
}

static int find_in_layout(struct image_source *s, struct error *err)
{
	s->kind = SOURCE_LAYOUT;
	if (layout_find(s->path, &s->reference, &s->manifest, err) < 0)
		return -1;
	cache_key_of_digest(s->manifest.digest, s->key);
	return 0;
}

static int find_folder(struct image_source *s, int fd, struct error *err)
{
	static const struct {
		const char *sign;
		enum image_source_kind kind;
	} signs[] = {{"config.json", SOURCE_BUNDLE}, {"oci-layout", SOURCE_LAYOUT}};

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
		if (!has_file(fd, signs[i].sign))
			continue;
		s->kind = signs[i].kind;
		return s->kind == SOURCE_LAYOUT ? find_in_layout(s, err) : 0;
	}
	s->kind = SOURCE_FOLDER;
	if (looks_like_root(fd))
		return 0;
	return error_set(err, EINVAL,
			 "it is no image: the folder has no config.json (OCI bundle), no "
			 "oci-layout and no bin, usr or etc (root file system)");
}

/* Another file, or the same one changed, has another key. */
static void make_key(struct image_source *s, const struct stat *st, const unsigned char *superblock)
{
	uint64_t hash = hash_bytes(HASH_SEED, superblock, SUPERBLOCK_SIZE);

	snprintf(s->key, sizeof(s->key), "file-%016llx-%llx-%llx-%llx-%llx-%llx",
		 (unsigned long long)hash, (unsigned long long)st->st_dev,
		 (unsigned long long)st->st_ino, (unsigned long long)st->st_size,
		 (unsigned long long)st->st_mtim.tv_sec * 1000000000ULL +
			 (unsigned long long)st->st_mtim.tv_nsec,
		 (unsigned long long)s->offset);
}

static int find_file(struct image_source *s, int fd, const struct stat *st, struct error *err)
{
	unsigned char bytes[SIF_HEADER_SIZE] = {0};
	struct utsname u;

	if (pread(fd, bytes, sizeof(bytes), 0) < 0)
		return error_errno(err, "reading it");
	uname(&u);
	s->kind = SOURCE_SQUASHFS;
	s->length = st->st_size;
	if (sif_is(bytes)) {
		if (sif_find_root(fd, st->st_size, u.machine, &s->offset, &s->length, err) < 0)
			return -1;
	} else if (memcmp(bytes, "hsqs", 4)) {
		return error_set(err, EINVAL,
				 "it is no image: the file is neither SquashFS nor SIF");
	}
	if (pread(fd, bytes, SUPERBLOCK_SIZE, s->offset) != SUPERBLOCK_SIZE)
		return error_set(err, EBADMSG, "the file was cut off");
	make_key(s, st, bytes);
	return 0;
}

static int find_path(struct image_source *s, struct error *err)
{
	_cleanup_close_ int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, "it can't be read");
	if (S_ISDIR(st.st_mode))
		return find_folder(s, fd, err);
	if (S_ISREG(st.st_mode))
		return find_file(s, fd, &st, err);
	return error_set(err, EINVAL, "it is no image: it is neither a folder nor a file");
}

/* A plain name in the site's folders. Returns false if it isn't there. */
static bool path_in_site(const char *site, const char *name, char path[PATH_MAX])
{
	char candidate[PATH_MAX];

	if (strchr(name, '/') || !strcmp(name, "..") || !strcmp(name, "."))
		return false;
	for (; site && *site; site += strcspn(site, ":"), site += *site == ':') {
		int n = (int)strcspn(site, ":");

		if (n && snprintf(candidate, PATH_MAX, "%.*s/%s", n, site, name) < PATH_MAX &&
		    realpath(candidate, path))
			return true;
	}
	return false;
}

static int resolve_path(const struct image_places *places, const char *name, char path[PATH_MAX],
			struct error *err)
{
	int problem;

	if (realpath(name, path))
		return 0;
	problem = errno;
	if (problem == ENOENT && path_in_site(places->site, name, path))
		return 0;
	return error_set(err, problem, "%s%s", strerror(problem),
			 problem == ENOENT ? " on this node (an image in a registry is "
					     "docker://[REGISTRY/]NAME[:TAG])"
					   : "");
}

static int find_docker(const struct image_places *places, struct image_source *s)
{
	s->kind = SOURCE_DOCKER;
	if (s->reference.digest[0])
		strcpy(s->manifest.digest, s->reference.digest);
	else if (cache_name_get(places->images, places->job, s->name, s->manifest.digest) <= 0)
		return 0;
	cache_key_of_digest(s->manifest.digest, s->key);
	return 0;
}

int image_source_find(const struct image_places *places, const char *name, struct image_source *ret,
		      struct error *err)
{
	memset(ret, 0, sizeof(*ret));
	if (image_reference_parse(name, &ret->reference, err) < 0)
		return -1;
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	if (ret->reference.kind == IMAGE_DOCKER)
		return find_docker(places, ret);
	if (resolve_path(places, ret->reference.name, ret->path, err) < 0)
		return -1;
	return ret->reference.kind == IMAGE_OCI_LAYOUT ? find_in_layout(ret, err)
						       : find_path(ret, err);
}
