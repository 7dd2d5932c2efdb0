/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/path_text.h"

#include <string.h>

/* Add the parts of path to dest, which holds n bytes: "" for the root, else "/a/b". Returns how
 * many it holds then, or -1 if that doesn't fit. */
static long add_parts(const char *path, char *dest, size_t size, size_t n)
{
	for (size_t len; *path; path += len) {
		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 0 || (len == 1 && path[0] == '.'))
			continue;
		if (len == 2 && !memcmp(path, "..", 2)) {
			while (n && dest[--n] != '/')
				;
			continue;
		}
		if (n + 1 + len >= size)
			return -1;
		dest[n++] = '/';
		memcpy(dest + n, path, len);
		n += len;
	}
	return (long)n;
}

int path_text_join(const char *cwd, const char *path, char *dest, size_t size)
{
	long n = 0;

	if (size < 2 || (path[0] != '/' && (!cwd || cwd[0] != '/')))
		return -1;
	if (path[0] != '/')
		n = add_parts(cwd, dest, size, 0);
	if (n >= 0)
		n = add_parts(path, dest, size, (size_t)n);
	if (n < 0)
		return -1;
	if (n == 0)
		dest[n++] = '/';
	dest[n] = '\0';
	return 0;
}

bool path_text_has_parent(const char *path)
{
	for (size_t len; *path; path += len) {
		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 2 && !memcmp(path, "..", 2))
			return true;
	}
	return false;
}

bool path_text_is_in(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	if (n == 1)
		return true;
	return !strncmp(path, folder, n) && (path[n] == '\0' || path[n] == '/');
}
