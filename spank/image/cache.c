/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/image/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "common/buffer.h"
#include "common/hash.h"

#define NAME_TEXT_MAX 8192
#define FRESH_SECONDS 600 /* a kernel writes what is a minute old, but not on a busy disk */

void cache_key_of_digest(const char *digest, char key[CACHE_KEY_MAX])
{
	snprintf(key, CACHE_KEY_MAX, "sha256-%.64s", digest + strlen("sha256:"));
}

void cache_digest_of_key(const char *key, char digest[IMAGE_DIGEST_MAX])
{
	digest[0] = '\0';
	if (!strncmp(key, "sha256-", 7))
		snprintf(digest, IMAGE_DIGEST_MAX, "sha256:%.64s", key + 7);
}

bool cache_key_is_valid(const char *name)
{
	char digest[IMAGE_DIGEST_MAX];

	cache_digest_of_key(name, digest);
	if (digest[0])
		return strlen(name) == 7 + 64 && image_digest_is_valid(digest);
	return !strncmp(name, "file-", 5) && strlen(name) < CACHE_KEY_MAX &&
	       !name[5 + strspn(name + 5, "0123456789abcdef-")];
}

/* Where key leads in folder: itself, or what a link of that name points to. Returns 1, 0 if there
 * is no such image, -1 with err filled. */
static int locate(const char *folder, size_t len, const char *key, struct cached_image *ret,
		  struct error *err)
{
	char target[CACHE_KEY_MAX];
	struct stat st;
	ssize_t n;

	snprintf(ret->key, sizeof(ret->key), "%s", key);
	for (int i = 0; i < 2; i++) {
		if (snprintf(ret->path, sizeof(ret->path), "%.*s/%s", (int)len, folder, ret->key) >=
		    PATH_MAX)
			return error_set(err, ENAMETOOLONG, "the cache's path is too long");
		n = readlink(ret->path, target, sizeof(target) - 1);
		if (n < 0)
			break;
		target[n] = '\0';
		if (!cache_key_is_valid(target))
			return 0;
		strcpy(ret->key, target);
	}
	if (lstat(ret->path, &st) == 0 && S_ISDIR(st.st_mode))
		return 1;
	return 0;
}

static int find_in_site(const char *site, const char *key, struct cached_image *ret,
			struct error *err)
{
	while (site && *site) {
		size_t n = strcspn(site, ":");

		if (n && locate(site, n, key, ret, err) > 0) {
			ret->site = true;
			return 1;
		}
		site += n + (site[n] == ':');
	}
	return 0;
}

int cache_lock(const char *images, const char *name, enum cache_lock_mode mode, struct error *err)
{
	static const int operations[] = {
		[CACHE_SHARED] = LOCK_SH,
		[CACHE_EXCLUSIVE] = LOCK_EX,
		[CACHE_TRY_EXCLUSIVE] = LOCK_EX | LOCK_NB,
	};
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/.locks/%s", images, name) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "the cache's path is too long");
	for (;;) {
		_cleanup_close_ int fd =
			open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
		struct stat st;
		int rc;

		if (fd < 0)
			return error_errno(err, "%s", path);
		while ((rc = flock(fd, operations[mode])) < 0 && errno == EINTR)
			;
		if (rc < 0)
			return error_errno(err, "%s", path);
		/* One that was removed while we waited guards nothing. */
		if (fstat(fd, &st) == 0 && st.st_nlink > 0)
			return TAKE_FD(fd);
	}
}

void cache_boot(char dest[64])
{
	_cleanup_free_ char *text = NULL;

	dest[0] = '\0';
	if (buffer_read_file("/proc/sys/kernel/random/boot_id", 63, &text, NULL, NULL) == 0)
		strcpy(dest, text);
}

/* Whether all of an image has reached the disk by now, or is still in this boot's memory. */
static bool is_whole(const char *image)
{
	_cleanup_free_ char *text = NULL;
	char path[PATH_MAX + 8], boot[64];
	struct error err = {0};
	struct stat st;

	snprintf(path, sizeof(path), "%s/fresh", image);
	if (buffer_read_file(path, 63, &text, NULL, &err) < 0)
		return err.code == ENOENT;
	cache_boot(boot);
	if (strcmp(text, boot))
		return false;
	if (stat(path, &st) == 0 && st.st_mtime < time(NULL) - FRESH_SECONDS)
		unlink(path);
	return true;
}

int cache_find(const char *images, const char *site, const char *key, struct cached_image *ret,
	       struct error *err)
{
	int rc;

	*ret = (struct cached_image){.lock = -1};
	if (find_in_site(site, key, ret, err) > 0)
		return 1;
	rc = locate(images, strlen(images), key, ret, err);
	if (rc <= 0)
		return rc;
	ret->lock = cache_lock(images, ret->key, CACHE_SHARED, err);
	if (ret->lock < 0)
		return -1;
	/* It may have gone before we had the lock. */
	rc = locate(images, strlen(images), key, ret, err);
	if (rc > 0 && !is_whole(ret->path))
		rc = 0;
	if (rc <= 0) {
		close(ret->lock);
		ret->lock = -1;
	}
	return rc;
}

/* Others may come to the same name: the file's text is compared, too. */
void cache_name_file(const char *job, const char *reference, char dest[32])
{
	uint64_t hash = hash_bytes(HASH_SEED, job, strlen(job));

	hash = hash_bytes(hash, reference, strlen(reference));
	snprintf(dest, 32, "%016llx", (unsigned long long)hash);
}

static int name_path(const char *images, const char *job, const char *reference,
		     char path[PATH_MAX])
{
	char file[32];

	cache_name_file(job, reference, file);
	return snprintf(path, PATH_MAX, "%s/.names/%s", images, file) >= PATH_MAX ? -1 : 0;
}

int cache_name_get(const char *images, const char *job, const char *reference,
		   char digest[IMAGE_DIGEST_MAX])
{
	_cleanup_free_ char *text = NULL;
	char path[PATH_MAX], *space;
	size_t n = strlen(job);

	if (!job[0] || name_path(images, job, reference, path) < 0 ||
	    buffer_read_file(path, NAME_TEXT_MAX, &text, NULL, NULL) < 0)
		return 0;
	space = strchr(text, ' ');
	if (!space || space - text >= IMAGE_DIGEST_MAX || strncmp(space + 1, job, n) ||
	    space[1 + n] != ' ' || strcmp(space + 2 + n, reference))
		return 0;
	*space = '\0';
	if (!image_digest_is_valid(text))
		return 0;
	strcpy(digest, text);
	return 1;
}

int cache_name_set(const char *images, const char *job, const char *reference, const char *digest,
		   struct error *err)
{
	_cleanup_fclose_ FILE *f = NULL;
	char path[PATH_MAX], temporary[PATH_MAX + 32];

	if (!job[0])
		return 0;
	if (name_path(images, job, reference, path) < 0)
		return error_set(err, ENAMETOOLONG, "the cache's path is too long");
	snprintf(temporary, sizeof(temporary), "%s.%d", path, (int)getpid());
	f = fopen(temporary, "we");
	if (!f || fprintf(f, "%s %s %s", digest, job, reference) < 0 || fflush(f) ||
	    rename(temporary, path) < 0)
		return error_errno(err, "%s", path);
	return 0;
}
