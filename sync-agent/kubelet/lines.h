/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of a file that may be huge, hold any bytes, and lines without end. */
#ifndef AGENT_KUBELET_LINES_H
#define AGENT_KUBELET_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

/* Read n bytes from there on, as far as there are. Returns how many, or -1 (errno). */
ssize_t lines_read(int fd, char *buf, size_t n, off_t at);

/* Where the last n lines of the first size bytes begin, as tail(1) counts: bytes after the last
 * newline are a line, too. The file is read from the end backwards, no more than that; go_on (may
 * be NULL) is asked now and then. Returns the offset, or -1 if reading fails (errno) or go_on says
 * no (errno ECANCELED). */
off_t lines_find_tail(int fd, off_t size, int64_t n, bool (*go_on)(void *ctx), void *ctx);

/* Put a time before each line. { 0 } is at the start of a line. */
struct stamper {
	char stamp[40]; /* with a blank at its end */
	size_t owed;	/* bytes of it not yet written */
	bool inside;	/* a line */
};

/* The time of the lines that begin from now on. Source: kubelet's, RFC 3339 with nanoseconds. */
void stamper_set(struct stamper *s, const struct timespec *when);

/* Copy n bytes of in to out, at most max bytes, with the stamps. Returns how many were written;
 * *taken: how many of in's were used. */
size_t stamper_copy(struct stamper *s, const char *in, size_t n, size_t *taken, char *out,
		    size_t max);

#endif
