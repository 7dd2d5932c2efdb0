/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command's streams in a WebSocket: each message begins with a byte that says which one. Source:
 * Kubernetes, apiserver/pkg/util/wsstream, v4.channel.k8s.io. */
#ifndef KUBECTL_SLURM_CHANNEL_H
#define KUBECTL_SLURM_CHANNEL_H

#include <stdbool.h>

#include "common/error.h"

/* Ask for a path (with its query) on a connected socket, and become a WebSocket. Returns 0, or -1
 * with err filled by what the API server said. */
int channel_open(int fd, const char *path, struct error *err);

/* Move bytes between this program's standard streams and the socket, until the command has ended.
 * stdin_on: ours is the command's. tty: ours is a terminal that is the command's; it is raw
 * meanwhile. Returns the command's exit code, or -1 with err filled. */
int channel_run(int fd, bool stdin_on, bool tty, struct error *err);

#endif
