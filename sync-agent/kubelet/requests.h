/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kubelet process' requests: who may make one, what is asked for, and the answer. Each has a
 * thread of its own, which it may block. */
#ifndef AGENT_KUBELET_REQUESTS_H
#define AGENT_KUBELET_REQUESTS_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "sync-agent/kubelet/newcomers.h"
#include "sync-agent/kubelet/who.h"

#define REQUEST_POOL 65536 /* bytes of a connection: its request, and what it is sent at once */

struct requests {
	struct who who;
	struct newcomers newcomers;
	unsigned streams_max;
	atomic_uint streams; /* logs that are being read */
};

/* For MHD_start_daemon(); arg: the requests. */
enum MHD_Result requests_take(void *arg, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *body,
			      size_t *body_size, void **state);

#endif
