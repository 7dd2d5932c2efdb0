/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts kept small: JSON of objects that are much alike, a hundred thousand times. For one thread. */
#ifndef AGENT_PACK_H
#define AGENT_PACK_H

#include <stddef.h>

/* Pack len bytes into one piece of memory (the caller frees it). NULL without memory. */
void *pack(const char *text, size_t len);

/* The same for one that won't be kept for long: not smaller, but sooner done. */
void *pack_loosely(const char *text, size_t len);

/* The text again, followed by a NUL (the caller frees it). NULL without memory. */
char *unpack(const void *packed, size_t *ret_len);

#endif
