/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command's streams in one WebSocket: each message begins with a byte that says which.
 * Source: Kubernetes, apiserver/pkg/util/wsstream and client-go/tools/remotecommand, v4 and v5. */
#ifndef AGENT_KUBELET_CHANNELS_H
#define AGENT_KUBELET_CHANNELS_H

#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "sync-agent/kubelet/pass_fds.h"

/* The newest protocol of those that a client offers ("v5.channel.k8s.io, v4.channel.k8s.io") which
 * is known here; NULL if none is. */
const char *channels_protocol(const char *offered);

/* The answer to a client's Sec-WebSocket-Key: 28 characters and a NUL. Returns 0, or -1. Source:
 * RFC 6455, 1.3. */
int channels_accept(const char *key, char ret[29]);

struct channels {
	const char *protocol; /* as the answer is to say: Sec-WebSocket-Protocol, -Accept */
	char accept[29];
	int fds[PASS_FDS_MAX]; /* as run_command.c passes them; closed, and -1, after channels_run() */
	bool tty;
};

#define CHANNELS_INIT ((struct channels){ .fds = { -1, -1, -1, -1 } })

/* Answer the handshake, then move bytes until the command or the client has gone. tls, and client, its socket, which does not
 * block, stay the caller's; nothing else may use them meanwhile. */
void channels_run(struct channels *c, gnutls_session_t tls, int client);

/* Close what is open of c->fds. */
void channels_close(struct channels *c);

#endif
