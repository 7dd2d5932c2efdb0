/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What SlurmJobs ask to have collected (spec.results) when their jobs have ended: doc/results.md.
 *
 * A collection is all that is to be collected of one object. It waits in a queue, then takes its
 * entries in turn: what it needs to know is asked of the API server, the program slurm-kube-collect
 * reads the files as the job's owner, and the object's status is told. Nothing of it is kept but in
 * the status: an agent that takes over begins anew with the entries that are not told to be over.
 */
#ifndef AGENT_RESULTS_H
#define AGENT_RESULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

struct agent;
struct entry;
struct collection;

struct results {
	struct collection *all;	    /* by their object's uid */
	struct collection *waiting; /* the oldest first */
	struct collection *active;
	unsigned n_active;
	int epoll; /* of the sockets of those programs; -1: none yet */
};

int results_start(struct agent *a, struct error *err);

/* The entry's object has changed. */
void results_taken(struct agent *a, struct entry *e);

/* Is what it tells that what is asked for is wrong, before the job's end? */
bool results_are_wrong(const struct entry *e);

/* Has the object to stay, since its results are being collected, or, if nobody wants to delete it,
 * are to be? */
bool results_hold(const struct agent *a, const struct entry *e);

/* Returns the monotonic time to be called again. */
int64_t results_run(struct agent *a);

/* Readable when results_hear() has something to do; -1: never. */
int results_fd(const struct agent *a);
void results_hear(struct agent *a);

/* Nothing waits and nothing is under way. */
bool results_settled(const struct agent *a);

void results_free(struct agent *a);

#endif
