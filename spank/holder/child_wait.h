/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting for a child, with a bound. */
#ifndef SPANK_HOLDER_CHILD_WAIT_H
#define SPANK_HOLDER_CHILD_WAIT_H

#include <sys/types.h>

#include "common/error.h"

/* Wait for a child to end; if it hasn't after so many seconds, it and its process group are killed.
 * ret_status: as waitpid() has it. Returns 0, or -1 with err filled (it took too long). */
int child_wait(pid_t pid, int seconds, int *ret_status, struct error *err);

#endif
