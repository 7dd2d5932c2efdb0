/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kubectl attach: the output of a job from now on, as if it were that of a command. */
#ifndef AGENT_KUBELET_ATTACH_H
#define AGENT_KUBELET_ATTACH_H

#include <stdatomic.h>

#include "common/error.h"
#include "sync-agent/kubelet/pass_fds.h"

/* Begin to follow, in a thread of its own, the output of that namespace, pod and container. fds are
 * set to what a command has (run_command.h), of which the caller closes all. room: as
 * stream_open()'s. Blocks until the file is open. Returns 0, or -1 with err filled; its code is
 * HTTP's status. */
int attach_start(char *const *names, atomic_uint *room, int fds[PASS_FDS_MAX], struct error *err);

#endif
