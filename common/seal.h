/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Munge seal: a doorbell that crosses the network says who rang it, and only the agent can read it.
 * Source: munge(3), munge_ctx(3). */
#ifndef COMMON_SEAL_H
#define COMMON_SEAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"

struct seal_opened {
	void *data; /* the caller frees */
	size_t len;
	uid_t uid; /* who sealed it */
};

/* Seal data for the user reader, through the munged at socket (NULL: munge's default).
 * Returns 0 with *ret a NUL-terminated credential that the caller frees, or -1 with err filled.
 * One call to munged: some 0.3 ms, more if munged is gone (it retries); never under a daemon's lock. */
int seal_make(const char *socket, uid_t reader, const void *data, size_t len, char **ret,
	      struct error *err);

/* Open a credential. Returns 0, or -1 with err filled (not for us, expired, replayed, forged). */
int seal_open(const char *socket, const char *credential, struct seal_opened *ret,
	      struct error *err);

#endif
