/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the tasks of a step on one node meet: shared memory, made in slurmstepd before it forks them.
 * The first task to come starts the holder, the others wait for it under the lock. No descriptor is
 * kept in it, since some of slurmstepd's callbacks run in children that share memory only. */
#ifndef SPANK_RENDEZVOUS_H
#define SPANK_RENDEZVOUS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"
#include "spank/holder/protocol.h"

enum rendezvous_state {
	RENDEZVOUS_EMPTY, /* nobody came yet, or who came died */
	RENDEZVOUS_READY, /* the holder stands, what follows is filled in */
	RENDEZVOUS_FAILED,
};

struct namespace_id {
	dev_t dev;
	ino_t ino;
};

struct rendezvous {
	pthread_mutex_t lock; /* robust: a task may be killed with it */
	enum rendezvous_state state;
	pid_t holder;
	pid_t inside; /* the process whose namespaces are joined, mostly the holder */
	pid_t keeper; /* the process that stays until the step's end, 0 if there is none */
	uint64_t keeper_born; /* when, as in /proc/PID/stat: tells it from a later process */
	struct namespace_id user_ns;
	struct namespace_id mount_ns;
	uint32_t startup_us; /* from the first task's wish to the container being there */
	struct error error;  /* if FAILED */
	size_t report_len;
	char report[HOLDER_REPORT_MAX]; /* as in holder/protocol.h, ends in a NUL */
	size_t count;
	pid_t tasks[]; /* by local task number; 0 while not known */
};

/* Make one for count tasks. NULL if memory is short. It lives as long as the process. */
struct rendezvous *rendezvous_new(size_t count);

/* Note a task's process id; out of range is ignored. */
void rendezvous_set_task(struct rendezvous *r, size_t i, pid_t pid);

/* Take the lock. A task that died with it makes the container FAILED.
 * Returns 0, or -1 with err filled. */
int rendezvous_lock(struct rendezvous *r, struct error *err);
void rendezvous_unlock(struct rendezvous *r);

/* The strings of a report, one after the other: pass NULL first. NULL after the last one. */
const char *rendezvous_next(const struct rendezvous *r, const char *previous);

/* What the report says about key; "" if nothing. */
const char *rendezvous_report(const struct rendezvous *r, const char *key);

#endif
