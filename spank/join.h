/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Putting a task, before it becomes the user's program, into its step's container. */
#ifndef SPANK_JOIN_H
#define SPANK_JOIN_H

#include "common/error.h"
#include "spank/rendezvous.h"
#include "spank/start.h"

/* Move the calling process, which already is the user and has one thread, into the container; the
 * first one to come starts it. Afterwards r->report holds the image's environment, for
 * join_next_env(). Returns 0, or -1 with err filled: then the process must not go on; tell is false
 * if another task of this node says why. */
int join_container(struct rendezvous *r, const struct start_request *request, bool *tell,
		   struct error *err);

/* The image's environment, one "NAME=value" after the other: pass NULL first. NULL after the last. */
const char *join_next_env(const struct rendezvous *r, const char *previous);

#endif
