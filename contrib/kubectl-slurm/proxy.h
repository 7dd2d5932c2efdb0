/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connection to the API server with kubectl's credentials: kubectl proxy, on a socket in a
 * folder of the caller's own. It lets through nothing but the one path that is asked for. */
#ifndef KUBECTL_SLURM_PROXY_H
#define KUBECTL_SLURM_PROXY_H

#include "contrib/kubectl-slurm/kubectl.h"

struct proxy {
	pid_t pid;	 /* 0: none */
	char folder[64]; /* empty: there is none */
	char socket[80];
};

/* Start it, and connect. Returns a socket, the caller's, or -1 with err filled; proxy_end() is due
 * in any case. */
int proxy_connect(struct proxy *p, const struct kubectl *k, const char *path, struct error *err);

/* The folder isn't needed any more, once there is a connection. */
void proxy_hide(struct proxy *p);

void proxy_end(struct proxy *p);

#endif
