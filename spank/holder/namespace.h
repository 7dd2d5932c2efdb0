/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user namespace that holds only the caller, and a mount namespace in it. */
#ifndef SPANK_HOLDER_NAMESPACE_H
#define SPANK_HOLDER_NAMESPACE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "common/error.h"

/* Move the calling, single-threaded process into a new user namespace. Its user and group keep
 * their numbers there, or are 0 if as_root. Returns 0, or -1 with err filled (with the kernel
 * setting to change, where one is in the way). */
int namespace_enter_user(bool as_root, struct error *err);

/* From a user namespace in which the caller is root into one below it, in which it has its number
 * uid again, and its group the number that it has on the host. Returns 0, or -1 with err filled. */
int namespace_nest_user(uid_t uid, gid_t gid, struct error *err);

/* Then into a new mount namespace, in which what the host mounts shows up, but not the other way
 * round. Returns 0, or -1 with err filled. */
int namespace_enter_mount(struct error *err);

/* Into both namespaces of a process of the same user. Returns 0, or -1 with err filled. */
int namespace_join(pid_t pid, struct error *err);

/* The numbers of a process's namespaces; 0 where they can't be had. */
struct namespace_ids {
	ino_t mount;
	ino_t user;
};

/* Of a process ("self", or its id). */
struct namespace_ids namespace_ids(const char *pid);

/* Some process in both that sees, at path, the very file that mark tells; 0 if there is none.
 * Numbers alone don't do: the kernel gives them again as soon as they are free. Only processes that
 * the caller may look at count. */
pid_t namespace_find(struct namespace_ids ids, const char *path, const struct stat *mark);

#endif
