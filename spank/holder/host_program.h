/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running one of the host's programs to its end. */
#ifndef SPANK_HOLDER_HOST_PROGRAM_H
#define SPANK_HOLDER_HOST_PROGRAM_H

#include "common/error.h"

/* Run a program of the host's (found in the usual folders, not in the user's PATH), its output to
 * the user's standard error, with no descriptor of ours. argv ends in NULL. Returns 0, or -1 with
 * err filled (not found; its exit code). */
int host_program_run(const char *const argv[], struct error *err);

#endif
