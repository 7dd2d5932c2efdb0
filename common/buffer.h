/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A growing byte buffer with a hard cap: nothing read from outside can use more memory than that. */
#ifndef COMMON_BUFFER_H
#define COMMON_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"
#include "common/error.h"

struct buffer {
	char *data;      /* always followed by a NUL byte once anything was added; NULL before */
	size_t used;     /* bytes of content */
	size_t size;     /* bytes allocated */
	size_t max;      /* bytes of content it will ever hold */
	bool overflowed; /* an addition was refused, for the cap or for want of memory */
};

#define BUFFER_INIT(cap) ((struct buffer){ .max = (cap) })

/* Add bytes. All or nothing. Returns 0, or -1 when that would pass the cap or memory is short. */
int buffer_add(struct buffer *b, const void *bytes, size_t n);

/* Add formatted text. Returns as buffer_add(). */
int buffer_printf(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Drop the first n bytes, n at most b->used; what follows moves to the front. */
void buffer_shift(struct buffer *b, size_t n);

/* Read a whole file of at most max bytes into *ret (NUL-terminated, the caller frees); ret_len may
 * be NULL. Returns 0, or -1 with err filled; *ret is set only on success. */
int buffer_read_file(const char *path, size_t max, char **ret, size_t *ret_len, struct error *err);

/* The same from an open descriptor, which stays open; name is for messages. */
int buffer_read_fd(int fd, const char *name, size_t max, char **ret, size_t *ret_len,
		   struct error *err);

void buffer_free(struct buffer *b);
#define _cleanup_buffer_ _cleanup_(buffer_free)

#endif
