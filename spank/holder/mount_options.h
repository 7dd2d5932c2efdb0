/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of a mount in config.json, as the OCI runtime specification names them. */
#ifndef SPANK_HOLDER_MOUNT_OPTIONS_H
#define SPANK_HOLDER_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

struct mount_options {
	bool bind;
	bool recursive;        /* rbind, or one of the r... options */
	uint64_t set;          /* MOUNT_ATTR_* to set */
	uint64_t atime;        /* MOUNT_ATTR_*ATIME that replaces the others, if has_atime */
	bool has_atime;
	uint64_t propagation;  /* MS_PRIVATE, MS_SLAVE, ... or 0 to leave it */
	char data[512];        /* what is left for the file system: "size=1m,mode=755" */
};

/* Take in one option. tmpfs says whether the file system's own options (size=, mode=, ...) make
 * sense. Options that ask for less protection than the source has (rw, suid, dev, exec) change
 * nothing, as the kernel would refuse that. Returns 0, or -1 with err filled. */
int mount_options_add(struct mount_options *o, const char *option, bool tmpfs, struct error *err);

#endif
