/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the helper's children do, each for one request: become the owner, act, answer, end. */
#ifndef AGENT_OWNER_CHILD_H
#define AGENT_OWNER_CHILD_H

#include <json-c/json.h>
#include <stdbool.h>
#include <sys/types.h>

#include "sync-agent/owner/protocol.h"

struct child;

struct helper {
	int fd; /* to the agent */
	pid_t pid;
	bool left; /* the agent is gone */
	bool warm; /* see warm_up() */
	int signals;
	uint32_t minimum_uid;
	const struct words *operator_actions;
	struct child *children;
};

/* ok: it was done; lost: nobody knows. refusals: field: words; may be NULL. */
void child_answer(const struct helper *h, int64_t ticket, bool ok, bool lost, const char *text,
		  struct json_object *refusals);

/* The steps of an action on a job. */
void child_act(const struct helper *h, struct json_object *request) __attribute__((noreturn));

/* Read a small JSON file. Nothing is changed by it, so whoever leads doesn't matter. */
void child_read(const struct helper *h, struct json_object *request) __attribute__((noreturn));

/* Run sbatch; body: a descriptor with the whole of it. */
void child_submit(const struct helper *h, int64_t ticket, int body) __attribute__((noreturn));

/* Become slurm-kube-collect; fds: the request, and where to answer. */
void child_collect(const struct helper *h, struct json_object *request, const int *fds)
	__attribute__((noreturn));

#endif
