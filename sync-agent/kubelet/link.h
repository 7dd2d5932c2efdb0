/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kubelet process' questions to the agent (protocol.h), asked by any thread; and what the files
 * do that its streams follow. One thread takes what comes and wakes those who wait. */
#ifndef AGENT_KUBELET_LINK_H
#define AGENT_KUBELET_LINK_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "sync-agent/kubelet/pass_fds.h"

/* Whoever waits: for answers and files, by polling its descriptor. */
struct waiter {
	int wake; /* an eventfd; -1: none */
	struct waiter *next, *prev;
	int wd;		  /* what it watches, -1: nothing */
	uint32_t touched; /* what has happened to that file: inotify's bits */
};

struct question {
	int64_t serial;
	struct waiter *waiter;
	/* Once it is answered: */
	struct json_object *answer;
	int fds[PASS_FDS_MAX]; /* what came with it, -1 where there is nothing */
	UT_hash_handle hh;
};

/* keeper, watches: process.h. Returns 0, or -1. */
int link_start(uint32_t number, int keeper, int watches);

/* Wait until the keeper has gone (false), or says drain (true). */
bool link_wait_drain(void);

int waiter_init(struct waiter *w);
void waiter_free(struct waiter *w);

/* Wait for something to happen to it, or for the client at that socket (-1: none) to go away, or
 * ms. Returns 0, or -1 if the client has gone. */
int waiter_wait(struct waiter *w, int client, int ms);

/* Watch another file; -1: none. */
void waiter_watch(struct waiter *w, int wd);

/* What has happened to that file since the last call: inotify's bits; 0: nothing. */
uint32_t waiter_touched(struct waiter *w);

/* Send a question; the reference is the caller's. Returns 0, or -1 if the keeper doesn't take it.
 */
int question_ask(struct question *q, struct waiter *w, struct json_object *message);

/* Then answer and fds are the caller's to look at. */
bool question_answered(struct question *q);

/* Wait for the answer. Returns 0, or -1 if the client has gone or ms are over. */
int question_wait(struct question *q, int client, int ms);

/* No answer is wanted any more. Puts the answer and closes fds. { 0 } is fine. */
void question_end(struct question *q);

#endif
