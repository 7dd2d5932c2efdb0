/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who sends a request, and may they? A client certificate by kubelet.clientCA or a bearer token
 * says who; a name of kubelet.clientNames is let in, for all others the API server is asked by the
 * agent. Source: Kubernetes, "Kubelet authentication/authorization". */
#ifndef AGENT_KUBELET_WHO_H
#define AGENT_KUBELET_WHO_H

#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "common/error.h"
#include "sync-agent/config.h"

struct who {
	const struct words *names;
	bool has_ca; /* certificates are asked for */
};

/* session: the connection's. authorization: the header's value, or NULL. verb: "get" or "create".
 * client: the connection's socket. Returns 0 if they may, or -1 with err filled; its code is HTTP's status.
 */
int who_may(const struct who *who, gnutls_session_t session, const char *authorization,
	    const char *verb, int client, struct error *err);

#endif
