/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The output of a job on its way to one client, in a thread of its own. */
#ifndef AGENT_KUBELET_STREAM_H
#define AGENT_KUBELET_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"
#include "sync-agent/kubelet/options.h"

struct stream;

/* client: the socket of the connection, to see it go away. The texts are copied. Blocks while the
 * file is asked for and opened. Returns NULL with err filled; its code is HTTP's status, 0 if the
 * client has gone. */
struct stream *stream_open(const char *namespace, const char *pod, const char *container,
			   const struct log_options *options, int client, struct error *err);

/* Up to max bytes; blocks while there are none yet. Returns how many, 0 at the end, or -1: the file
 * can't be read any more, or the client has gone. */
ssize_t stream_read(struct stream *s, char *buf, size_t max);

void stream_free(struct stream *s);

#endif
