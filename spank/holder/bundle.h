/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be run, whatever kind of image it comes from. Nothing here needs privilege. */
#ifndef SPANK_HOLDER_BUNDLE_H
#define SPANK_HOLDER_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/image_reference.h"
#include "spank/holder/hooks.h"
#include "spank/holder/mount_options.h"

#define BUNDLE_CONFIG_MAX (1024 * 1024)
#define BUNDLE_MOUNTS_MAX 256

struct bundle_mount {
	char *destination; /* absolute, inside the container */
	char *source;	   /* absolute, on the host; NULL for a tmpfs */
	struct mount_options options;
	const char *from; /* who asked for it, for messages; NULL: config.json */
};

struct bundle {
	char *path;	 /* the folder that --container named, absolute */
	char *rootfs;	 /* the root file system's folder, absolute; NULL if squashfs is set */
	char *squashfs;	 /* a file with a SquashFS to mount as the root, absolute, or NULL */
	uint64_t offset; /* where in that file it begins */
	char digest[IMAGE_DIGEST_MAX]; /* of the image's manifest, "" if it has none */
	char **entrypoint;	       /* ends in NULL; NULL if there is none */
	char **command; /* what comes after it where no program is given (Cmd, process.args): the same */
	int lock;    /* descriptor whose shared lock keeps a cached image where it is, or -1 */
	char *users; /* a cached image's folder in which its users are noted, or NULL */
	char *cwd;   /* "" for the job's own */
	bool cwd_must_exist; /* it was asked for, so it isn\'t made if the container lacks it */
	char *slurm_loader;  /* the host's program loader, as the container sees it, for Slurm's
				commands; or NULL */
	bool read_only;
	bool no_new_privs;
	char **env; /* "NAME=value", ends in NULL */
	size_t env_count;
	struct bundle_mount *mounts;
	size_t mount_count;
	struct hooks hooks;
};

/* Read the config.json of the OCI bundle b->path, and check that its root file system is there.
 * Returns 0, or -1 with err filled. Source: OCI runtime-spec 1.1, config.md. */
int bundle_read(struct bundle *b, struct error *err);

/* An empty one: no strings, no descriptors. NULL if memory is short. */
struct bundle *bundle_new(void);

/* Fill in b from the text of a config.json; b->path must be set. Returns 0, or -1 with err filled.
 */
int bundle_parse(struct bundle *b, const char *text, size_t len, struct error *err);

void bundle_free(struct bundle *b);

static inline void bundle_freep(struct bundle **b)
{
	bundle_free(*b);
}

#endif
