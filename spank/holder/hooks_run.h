/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running hooks. Source: OCI runtime-spec 1.1, runtime.md, "State" and "Lifecycle". */
#ifndef SPANK_HOLDER_HOOKS_RUN_H
#define SPANK_HOLDER_HOOKS_RUN_H

#include <sys/types.h>

#include "spank/holder/hooks.h"

/* What a hook is told about the container. */
struct hook_state {
	const char *id;
	const char *bundle; /* a folder with a config.json */
	const char *image;  /* as an annotation */
	pid_t pid;	    /* a process in its namespaces; 0 once there is none */
};

/* The JSON that a hook of this stage reads, which the caller frees; NULL if memory is short. */
char *hooks_state_text(const struct hook_state *s, enum hook_stage stage);

/* Run the hooks of a stage, one after the other, as this process's user: each with the state on its
 * standard input, its output on our standard error, within its time. Those of the stages that
 * belong to the runtime get a copy of the mount namespace, so that what they mount stays theirs.
 * Returns 0, or -1 with err filled at the first one that fails: what it was and how it ended. */
int hooks_run(const struct hooks *h, enum hook_stage stage, const struct hook_state *state,
	      struct error *err);

/* The same, but each is run whatever the others do, and what fails is told on standard error: at
 * the end of a container nothing can be stopped any more. Returns 0. */
int hooks_run_all(const struct hooks *h, enum hook_stage stage, const struct hook_state *state,
		  struct error *err);

#endif
