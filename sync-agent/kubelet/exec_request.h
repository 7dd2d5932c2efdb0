/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests by WebSocket: for a command beside a job,
 * /exec/NAMESPACE/POD/CONTAINER?command=..&input=1&output=1&error=1&tty=1, and for the output of a
 * job from now on, /attach/... Source: kubelet's pkg/kubelet/cri/streaming. */
#ifndef AGENT_KUBELET_EXEC_REQUEST_H
#define AGENT_KUBELET_EXEC_REQUEST_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "common/error.h"

struct exec_session;

/* Have the command started; names: namespace, pod, container. client: its socket. protocol is set to what to answer as Sec-WebSocket-Protocol, accept as
 * Sec-WebSocket-Accept. Returns NULL with err filled; its code is HTTP's status. */
struct exec_session *exec_begin(struct MHD_Connection *c, char *const *names, int client,
				const char **protocol, char accept[29], struct error *err);

/* The same for the output of the job from now on. room: as stream_open()'s. */
struct exec_session *attach_begin(struct MHD_Connection *c, char *const *names, int client,
				  atomic_uint *room, const char **protocol, char accept[29],
				  struct error *err);

/* For MHD_create_response_for_upgrade(): a thread of its own moves the bytes. */
void exec_upgraded(void *session, struct MHD_Connection *c, void *context, const char *extra,
		   size_t extra_size, MHD_socket socket, struct MHD_UpgradeResponseHandle *handle);

/* The request is over, or was never upgraded; NULL is fine. */
void exec_free(struct exec_session *s);

#endif
