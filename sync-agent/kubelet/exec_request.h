/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests by WebSocket: for a command beside a job,
 * /exec/NAMESPACE/POD/CONTAINER?command=..&input=1&output=1&error=1&tty=1, and for the output of a
 * job from now on, /attach/... Source: kubelet's pkg/kubelet/cri/streaming. */
#ifndef AGENT_KUBELET_EXEC_REQUEST_H
#define AGENT_KUBELET_EXEC_REQUEST_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "common/error.h"
#include "sync-agent/kubelet/channels.h"

/* Have the command started; names: namespace, pod, container. client: the connection's socket. ret is what channels_run() takes.
 * Returns 0, or -1 with err filled; its code is HTTP's status. */
int exec_begin(struct MHD_Connection *c, char *const *names, int client, struct channels *ret,
	       struct error *err);

/* The same for the output of the job from now on. room: as stream_open()'s. */
int attach_begin(struct MHD_Connection *c, char *const *names, atomic_uint *room,
		 struct channels *ret, struct error *err);

#endif
