/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container that an OCI runtime makes in our stead: crun, runc, and others with the same command
 * line. Source: OCI runtime-spec 1.1, runtime.md; runc's command line, which the others share. */
#ifndef SPANK_HOLDER_RUNTIME_H
#define SPANK_HOLDER_RUNTIME_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "spank/holder/bundle.h"
#include "spank/holder/request.h"

#define RUNTIME_TIMEOUT 60 /* seconds for each of its commands */
#define RUNTIME_WORDS_MAX 32

struct runtime {
	char *words[RUNTIME_WORDS_MAX + 1]; /* the command; words[0] NULL: builtin */
	bool exec;			    /* tasks go in by its exec command, not by setns() */
	char id[64];
	char folder[PATH_MAX]; /* the container's bundle: config.json, rootfs */
	char state[PATH_MAX];  /* the runtime's own notes */
	pid_t pid;	       /* of the container's first process */
	pid_t keeper;	       /* that process ends when this one has, 0: it only waits */
};

/* Read what plugstack.conf says: "builtin" (or NULL), or "/path/to/runtime,ARGUMENT,...".
 * join: "setns" (or NULL), or "exec". Returns 0, or -1 with err filled. */
int runtime_parse(const char *text, const char *join, struct runtime *ret, struct error *err);

/* Is it another than the builtin one? */
static inline bool runtime_is_other(const struct runtime *rt)
{
	return rt->words[0] != NULL;
}

/* Make the container and start it: rt->folder, rt->state and rt->id have to be set, the root has to
 * be in rt->folder "/rootfs" with all that is mounted in it. The container's one process is
 * slurm-kube-enter --pause. Returns 0, or -1 with err filled, with the runtime's own words. */
int runtime_create(struct runtime *rt, const struct bundle *b, struct error *err);

/* Move the calling process into the container, as it is for tasks. Returns 0, or -1 with err
 * filled. */
int runtime_enter(const struct runtime *rt, struct error *err);

/* End the container and have the runtime forget it. argument: a struct runtime. For the keeper. */
int runtime_delete(void *argument, struct error *err);

void runtime_free(struct runtime *rt);

#endif
