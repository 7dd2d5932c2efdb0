/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /metrics, /healthz and /readyz over HTTP, driven by the agent's one loop. Bounded: 16
 * connections, each for one request of at most 8 KB and 10 s; a client that is slow keeps nobody
 * waiting. Source: GNU libmicrohttpd manual, "external" polling. */
#ifndef AGENT_HTTP_SERVER_H
#define AGENT_HTTP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

struct agent;
struct http;

/* Listen at "ADDRESS:PORT". Returns NULL with err filled. */
struct http *http_start(const char *address, const struct agent *a, struct error *err);

/* Readable when http_step() has something to do; -1 for NULL. */
int http_fd(const struct http *h);

/* Move bytes and answer, if http_fd() is readable or it is time. Returns the monotonic time to be
 * called again, at the latest. h may be NULL. */
int64_t http_step(struct http *h, bool readable);

void http_stop(struct http *h);

#endif
