/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layer that goes over the image: mount points that it lacks, and files that every container
 * has. It is on a tmpfs of ours, so the image itself is never written to and needs no write
 * permission. */
#ifndef SPANK_HOLDER_SKELETON_H
#define SPANK_HOLDER_SKELETON_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/error.h"

struct skeleton {
	int image; /* the image's root file system; borrowed */
	int layer; /* our folder; borrowed */
	uid_t uid; /* the user's numbers, as tasks will see them */
	gid_t gid;
	bool host_users; /* the host's users and groups are to be known, too */
};

/* Make sure that there will be a folder (or file) to mount on at path, an absolute path in the
 * container. resolved: where that is once links are followed, absolute, PATH_MAX bytes.
 * Returns 0, or -1 with err filled. */
int skeleton_mount_point(const struct skeleton *s, const char *path, bool folder, char *resolved,
			 struct error *err);

/* resolv.conf, hosts, passwd and group in /etc. Returns 0, or -1 with err filled. */
int skeleton_etc(const struct skeleton *s, struct error *err);

/* Put a symbolic link at path, with the folders that lead to it, in place of whatever the image has
 * there. Returns 0, or -1 with err filled. */
int skeleton_link(const struct skeleton *s, const char *path, const char *target,
		  struct error *err);

#endif
