/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the holder was started for: its command line, taken apart. */
#ifndef SPANK_HOLDER_REQUEST_H
#define SPANK_HOLDER_REQUEST_H

#include <sys/types.h>

#include "common/container_options.h"
#include "common/container_policy.h"
#include "common/error.h"

struct request {
	const char *image; /* as the user wrote it, perhaps with a digest added */
	const char *state; /* the user's own folder on this node */
	const char *step;  /* "JOB.STEP" */
	const char *slurm; /* what Slurm's commands need, paths with ':' between; NULL: the usual */
	const char *spool; /* the batch script's folder, or NULL */
	const char *cdi;   /* folders of CDI files, "FOLDER:FOLDER", or NULL */
	const char *runtime;	  /* as in plugstack.conf, or NULL */
	const char *runtime_join; /* "setns", "exec", or NULL */
	uid_t uid;		  /* of this process, as the host has it */
	gid_t gid;
	const char *gpu; /* the CDI kind of the GPUs that Slurm gives, "none", or NULL */
	struct container_policy policy; /* the site's, as far as it needs to be known here */
	const char *images;	 /* the site's read-only image folders, "FOLDER:FOLDER", or NULL */
	const char *cache_limit; /* as size_parse() takes it, or NULL for the default */
	struct container_options options;
	pid_t *tasks; /* 0: not known */
	size_t count;
};

/* Take the command line apart. What ret borrows lives as long as argv.
 * Returns 0, or -1 with err filled (err->code EINVAL: it wasn't called by spank_kube.so). */
int request_parse(int argc, char *argv[], struct request *ret, struct error *err);

void request_free(struct request *r);

#endif
