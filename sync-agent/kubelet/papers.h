/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts of certificate, key and CA: of files that may be renewed, or made here. */
#ifndef AGENT_KUBELET_PAPERS_H
#define AGENT_KUBELET_PAPERS_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "common/error.h"
#include "sync-agent/config.h"

#define PAPERS 3

struct papers {
	char *certificate, *key; /* PEM */
	char *client_ca;	 /* PEM; NULL: none */
	struct {
		struct timespec time;
		ino_t inode;
	} seen[PAPERS]; /* the files, as they were when they were read */
};

/* Read the files if they have changed, or make a certificate if none is configured. Returns 1 if
 * there is something new, 0 if not, or -1 with err filled; then all is as it was. */
int papers_refresh(struct papers *p, const struct config *c, struct error *err);

/* A key and a certificate signed with it, for a host of that name or address, good for ten years.
 */
int papers_make(const char *host, char **certificate, char **key, struct error *err);

void papers_free(struct papers *p);

#endif
