/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keeper: a process that stays until the last task of a step on a node has ended, and then does
 * what has to be done: stop a FUSE server, save the file system, tell a runtime, remove what the
 * step had on disk. It lives in the container's user namespace, in a mount namespace of its own
 * that shows the host's files, and in the step's cgroups: who kills the step kills it. slurmstepd
 * waits for it (spank/end.h). A step that has nothing to do at its end has no keeper. */
#ifndef SPANK_HOLDER_KEEPER_H
#define SPANK_HOLDER_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/error.h"

#define KEEPER_ACTIONS_MAX 8

struct keeper_action {
	const char *what; /* for messages: "saving the container" */
	int (*run)(void *argument, struct error *err);
	void *argument;
	bool always; /* also if the container was never ready */
};

struct keeper {
	struct keeper_action actions[KEEPER_ACTIONS_MAX];
	size_t count;
	pid_t pid; /* 0 while there is none */
	int go;
	struct keeper_action at_go;
};
#define KEEPER_INIT ((struct keeper){.go = -1})

/* Have something done at the end, the latest addition first. What argument points to has to be
 * there until the keeper is started, and may then change: the keeper has a copy. */
void keeper_add(struct keeper *k, const char *what, int (*run)(void *argument, struct error *err),
		void *argument, bool always);

/* Have something done when the container is ready, in the keeper, if there is one. */
void keeper_at_go(struct keeper *k, const char *what, int (*run)(void *argument, struct error *err),
		  void *argument);

/* Start the keeper, if there is anything to do. Returns 0, or -1 with err filled. */
int keeper_start(struct keeper *k, const pid_t *tasks, size_t count, struct error *err);

/* The container is ready. A keeper that isn't told so does only what is always done, once the
 * holder has ended. */
void keeper_go(struct keeper *k);

/* There will be no container: what is always done is done when this returns, whether the keeper has
 * been started or not. Before the failure is reported, since Slurm then ends the step and, with
 * proctrack/cgroup, kills what is left of it. */
void keeper_abandon(struct keeper *k);

#endif
