/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process between the agent and the kubelet process (protocol.h). */
#ifndef AGENT_KUBELET_KEEPER_H
#define AGENT_KUBELET_KEEPER_H

#include "sync-agent/config.h"

/* Its loop; ends, and all it has started with it, when the agent closes its side of fd. listener: a
 * socket that listens at kubelet.listen. */
void keeper_run(int fd, int listener, const struct config *config) __attribute__((noreturn));

#endif
