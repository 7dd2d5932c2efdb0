/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long the holder stays: until the container can live without it.
 *
 * Namespaces live as long as a task is in them, so the holder's work is over once each task of the
 * step on this node has joined or has ended. It must be gone by then too: slurmstepd takes any child
 * that it doesn't know for a finished task (and sleeps 100 ms), and a process of ours left in the
 * step's cgroup at its end would cost a second. So the first task, the holder's parent, waits for it
 * before it becomes the user's program. */
#ifndef SPANK_HOLDER_LIFETIME_H
#define SPANK_HOLDER_LIFETIME_H

#include <stddef.h>
#include <sys/types.h>

/* Make the pipe where tasks register: its writing end is descriptor HOLDER_JOIN_FD.
 * Returns the reading end, or -1 with errno set. */
int lifetime_open(void);

/* Wait until each of those tasks has written its process id into the pipe, or has ended. A task
 * whose process id isn't known (0) can only register. */
void lifetime_wait(int registrations, const pid_t *tasks, size_t count);

#endif
