/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines on standard error about what takes longer than a second. */
#ifndef SPANK_TOOL_PROGRESS_H
#define SPANK_TOOL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	char name[256];			   /* of the image, its digest cut short */
	const char *doing;		   /* "downloading" */
	double began, step_began, said_at; /* seconds */
	bool said;
	size_t layers, layers_done; /* layers 0: not told */
};

void progress_begin(struct progress *p, const char *name);

/* Another step of the work begins. */
void progress_step(struct progress *p, const char *doing);

/* Done so far, of total (0: not known): a line, if it is time for one. */
void progress_tell(struct progress *p, uint64_t done, uint64_t total);

/* That it waits for somebody else who does the same, once, when a second has passed. */
void progress_wait(struct progress *p);

/* The last line, if there was one before or it took over a second. */
void progress_end(struct progress *p, uint64_t bytes);

#endif
