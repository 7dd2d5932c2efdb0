/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent's side of the doorbell: sockets, who may ring, what is dropped and counted.
 * Format and trust: doc/doorbell.md. */
#ifndef AGENT_DOORBELL_LISTENER_H
#define AGENT_DOORBELL_LISTENER_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/doorbell.h"

struct listener_config {
	const char *unix_path;    /* its folder is made if missing */
	const char *udp;          /* "ADDRESS:PORT" or NULL */
	const char *munge_socket; /* NULL: munge's default */
	const char *cluster;      /* others' doorbells are dropped */
	uid_t slurm_user;         /* may ring, beside root */
};

struct listener {
	struct listener_config config;
	int unix_fd, udp_fd; /* -1: none */
	ino_t inode;	     /* of the socket's name: another agent may have put its own there since */
	struct {
		unsigned long taken, bare, not_allowed, not_opened, malformed, other_cluster, old;
	} count;
};

/* Bind. Returns 0, or -1 with err filled and nothing open. config's strings stay the caller's. */
int listener_open(struct listener *l, const struct listener_config *config, struct error *err);

/* Take one datagram from fd (one of the two). Returns 1 with *ret filled, 0 when there is none
 * left. What has to be dropped is counted and passed over; after many of those it returns 0, too.
 * An unsealed datagram on the UDP socket gives DOORBELL_LOOK, which carries no fact. */
int listener_take(struct listener *l, int fd, struct doorbell *ret);

/* Close and remove the socket. */
void listener_close(struct listener *l);

#endif
