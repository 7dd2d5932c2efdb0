/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The output of a job on its way to one client, in a thread of its own. */
#ifndef AGENT_KUBELET_STREAM_H
#define AGENT_KUBELET_STREAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"
#include "sync-agent/kubelet/options.h"

struct stream;

/* names: namespace, pod, container; they are copied. client: the socket of the connection, or what
 * else has an end, to see it go away. room: counts the streams, is one less when this one has gone.
 * Blocks while the file is asked for and opened. Returns NULL with err filled; its code is HTTP's
 * status, 0 if the client has gone. */
struct stream *stream_open(char *const *names, const struct log_options *options, int client,
			   atomic_uint *room, struct error *err);

/* Up to max bytes; blocks while there are none yet. Returns how many, 0 at the end, or -1: the file
 * can't be read any more, or the client has gone. */
ssize_t stream_read(struct stream *s, char *buf, size_t max);

void stream_free(struct stream *s);

#endif
