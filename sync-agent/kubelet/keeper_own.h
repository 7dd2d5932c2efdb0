/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the keeper keeps, and its parts: keeper.c has the loop and the messages, processes.c the
 * kubelet processes, children.c those that are a user for one file or command. */
#ifndef AGENT_KUBELET_KEEPER_OWN_H
#define AGENT_KUBELET_KEEPER_OWN_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uthash.h>

#include "sync-agent/config.h"
#include "sync-agent/kubelet/papers.h"

#define PAPERS_US 10000000 /* between looks whether certificates have changed */
#define PROCESSES_MAX 8	   /* those that serve what they have begun */

/* A kubelet process: one takes connections, the others are ending. */
struct process {
	struct process *next, *prev;
	uint32_t number;
	pid_t pid;
	int fd, watches;
	int64_t started;
};

enum child_kind { CHILD_OPENS, CHILD_RUNS, CHILD_MEASURES };

/* A child that opens a file, runs a command, or measures files. */
struct child {
	pid_t pid;
	int64_t serial;
	uid_t uid;
	enum child_kind kind;
	UT_hash_handle hh;
};

/* A file that is to be opened when there is room. */
struct waiting {
	struct waiting *next, *prev;
	struct json_object *answer;
	enum child_kind kind;
};

struct keeper {
	int fd, listener, signals;
	const struct config *config;
	uint32_t minimum_uid;
	struct papers papers;
	struct process *processes, *serving; /* NULL: there is none, one is started at start_at */
	struct child *children;
	struct waiting *waiting; /* the oldest first */
	unsigned n_waiting;
	uint32_t count;
	int64_t start_at, look_at;
};

/* -- processes.c ------------------------------------------------------------------------------- */

/* The kubelet process of that serial; NULL: it has ended. */
struct process *process_of(const struct keeper *k, int64_t serial);

/* One that doesn't read, or NULL, isn't told. */
void process_tell(const struct process *p, const char *text, size_t len);

/* The question of that serial gets that answer. */
void process_refuse(const struct keeper *k, int64_t serial, unsigned status, const char *text);

/* Start the one that serves. */
void process_start(struct keeper *k);

/* It has been waited for. */
void process_ended(struct keeper *k, struct process *p, int status);

/* Certificates are renewed while the agent runs: then another process serves. */
void process_look_at_papers(struct keeper *k);

/* Close all descriptors but standard ones and these n: what the agent has open is not for those who
 * hear from everybody. */
void keep_only(const int *fds, size_t n);

/* In a child: signals as they were, and end with the parent. */
void child_signals(void);

/* -- children.c -------------------------------------------------------------------------------- */

/* Do what an answer of the agent says, as the user that it names; later, if there are too many. */
void child_start(struct keeper *k, struct json_object *answer, enum child_kind kind);

/* It has been waited for. */
void child_ended(struct keeper *k, struct child *c, int status);

#endif
