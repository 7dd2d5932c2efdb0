/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/user_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/cleanup.h"

static int check_state(const char *state, struct error *err)
{
	struct stat st;

	if (mkdir(state, 0755) < 0 && errno != EEXIST)
		return error_errno(err, "%s", state);
	if (lstat(state, &st) < 0)
		return error_errno(err, "%s", state);
	if (!S_ISDIR(st.st_mode) || st.st_uid != 0 || (st.st_mode & 022))
		return error_set(err, EPERM,
				 "%s has to be a folder of root's that nobody else can write to",
				 state);
	return 0;
}

int user_folder_make(const char *state, uid_t uid, gid_t gid, char *path, size_t size,
		     struct error *err)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if ((size_t)snprintf(path, size, "%s/%u", state, uid) >= size)
		return error_set(err, ENAMETOOLONG, "state= of plugstack.conf is too long");
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == uid)
		return 0;
	if (check_state(state, err) < 0)
		return -1;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_errno(err, "%s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchown(fd, uid, gid) < 0 || fchmod(fd, 0700) < 0)
		return error_errno(err, "%s", path);
	return 0;
}
