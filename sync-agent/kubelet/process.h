/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kubelet process itself: TLS and HTTP, a thread per connection. */
#ifndef AGENT_KUBELET_PROCESS_H
#define AGENT_KUBELET_PROCESS_H

#include <stdint.h>

#include "sync-agent/config.h"
#include "sync-agent/kubelet/papers.h"

struct process_config {
	uint32_t number;      /* which one it is, for serials */
	int keeper;	      /* the socket to it */
	int listener;	      /* a socket that listens */
	int watches;	      /* the inotify instance shared with the keeper; -1: none */
	unsigned streams_max; /* logs that may be read at a time */
	const struct papers *papers;
	const struct words *names; /* common names of clients that need not be asked about */
};

/* Become nobody and serve, until the keeper has gone or says drain. */
void process_run(const struct process_config *c) __attribute__((noreturn));

#endif
