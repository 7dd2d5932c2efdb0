/* SPDX-License-Identifier: GPL-2.0-or-later */
/* passwd and group for the container: the image's own, with the user put first. Pure text. */
#ifndef SPANK_HOLDER_ETC_FILES_H
#define SPANK_HOLDER_ETC_FILES_H

#include <sys/types.h>

#include "common/buffer.h"

#define ETC_FILE_MAX (1024 * 1024)

struct etc_user {
	uid_t uid;
	gid_t gid;
	const char *name;
	const char *home;
	const char *shell;
};

/* Append to out a passwd file: the user's line, then those of image whose name is another.
 * Fields that hold ':' or control characters are replaced. Returns 0, or -1 if out is full. */
int etc_passwd(const char *image, const struct etc_user *user, struct buffer *out);

/* Append to out a group file: lines for those gids that image has none for (named as in host, the
 * text of the host's group file, or "groupN"), then all of image. Returns 0, or -1 if out is full. */
int etc_group(const char *image, const char *host, const struct etc_user *user, const gid_t *gids,
	      size_t count, struct buffer *out);

/* Find the line of a passwd or group file whose third field is id. Copies its first field, or
 * returns -1 if there is none or the name doesn't fit. */
int etc_name_of(const char *text, unsigned id, char *name, size_t size);

#endif
