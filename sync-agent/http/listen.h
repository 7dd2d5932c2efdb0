/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_HTTP_LISTEN_H
#define AGENT_HTTP_LISTEN_H

#include "common/error.h"

/* Listen at "HOST:PORT", as key of the configuration says. Returns a socket that doesn't block, or -1 with err filled. */
int http_listen(const char *key, const char *address, struct error *err);

#endif
