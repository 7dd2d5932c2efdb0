/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The caller's processes that are in containers on this node, as /proc tells. */
#ifndef SPANK_TOOL_PROCESSES_H
#define SPANK_TOOL_PROCESSES_H

#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/error.h"

struct container_process {
	pid_t pid;
	ino_t mount_ns; /* processes of one container have one number here */
	uint32_t job;	/* 0 if its environment doesn't say */
	char step[32];	/* "JOB.STEP" */
	char image[256];
	char command[64];
};

struct container_processes {
	struct container_process *items; /* by mount_ns, then pid */
	size_t count;
};

/* Find them: those in a user namespace that isn't the caller's. Returns 0, or -1 with err filled.
 */
int container_processes_find(struct container_processes *ret, struct error *err);

void container_processes_free(struct container_processes *p);

#endif
