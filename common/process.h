/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tells a process from a later one of the same number. */
#ifndef COMMON_PROCESS_H
#define COMMON_PROCESS_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* When a process began, in clock ticks since the machine did (proc(5), stat, field 22); 0 if it is
 * gone. */
uint64_t process_born(pid_t pid);

/* When the calling process began, by the clock that files are dated with, to a hundredth of a
 * second. */
struct timespec process_own_birth(void);

#endif
