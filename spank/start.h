/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting the holder, in the first task of a step on this node. */
#ifndef SPANK_START_H
#define SPANK_START_H

#include "common/error.h"
#include "spank/rendezvous.h"

struct start_request {
	const char *holder; /* the program */
	const char *image;
	const char *options; /* as in common/container_options.h */
	const char *state;   /* the user's folder on this node */
	const char *step;    /* "JOB.STEP" */
	const char *slurm;   /* what Slurm's commands need, or NULL */
	const char *spool;   /* the batch script's folder, or NULL */
	const char *cdi;     /* as in plugstack.conf, or NULL */
	const char *gpu;     /* as in plugstack.conf, or NULL */
	const char *policy;  /* the site's kube.conf if the holder has to judge by it, or NULL */
	const char *images;  /* as in plugstack.conf, or NULL */
	const char *cache_limit;  /* as in plugstack.conf, or NULL */
	const char *runtime;	  /* as in plugstack.conf, or NULL */
	const char *runtime_join; /* as in plugstack.conf, or NULL */
	char **env;		  /* the job's */
};

/* Start the holder and wait for its report. With r locked; fills r in, either READY, and then the
 * holder is a child of the caller that it has to reap, or FAILED with r->error filled. */
void start_holder(struct rendezvous *r, const struct start_request *request);

/* Reap the holder: it ends by itself once all tasks have joined or have ended. */
void start_reap(pid_t holder);

#endif
