/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which cached images are in use on this node. */
#ifndef SPANK_IMAGE_USE_H
#define SPANK_IMAGE_USE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The mount namespaces in which the caller's processes live; sorted. */
struct use_namespaces {
	ino_t *inodes;
	size_t count;
	bool unknown; /* a process in a container can't be looked at: none of the notes is stale */
};

/* Returns 0, or -1 with errno set. */
int use_namespaces_read(struct use_namespaces *ret);
void use_namespaces_free(struct use_namespaces *n);

/* Whether the users folder of an image notes a namespace of these, or has a link to something that
 * exists (what has no processes, such as a named container, keeps an image so). Notes and links
 * that mean nothing any more are removed. */
bool use_is_noted(const char *users, const struct use_namespaces *n);

#endif
