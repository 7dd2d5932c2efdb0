/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The submissions of the last RECENT_SECONDS that came from Kubernetes, so that none is taken twice.
 * The agent kills an sbatch whose answer it can't wait for sooner than that. */
#ifndef JOBSUBMIT_RECENT_H
#define JOBSUBMIT_RECENT_H

#include <stdbool.h>
#include <stdint.h>

#define RECENT_SECONDS 90

/* Note a submission by a user, of an object and a generation of it. Returns false if it was noted
 * before. May be called by several threads; the lock is held for some hundred nanoseconds. */
bool recent_add(uint32_t user, const char *uid, const char *generation);

#endif
