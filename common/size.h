/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Amounts of bytes as people write them. */
#ifndef COMMON_SIZE_H
#define COMMON_SIZE_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

#define SIZE_NO_LIMIT UINT64_MAX
#define SIZE_TEXT_MAX 24

/* Read "500M", "1.5T", "1048576" (K, M, G, T are powers of 1024) or "none", which gives
 * SIZE_NO_LIMIT. Returns 0, or -1 with err filled. */
int size_parse(const char *text, uint64_t *ret, struct error *err);

/* Write "201.3 MB", in powers of 1000 as disks and networks are sold. Returns dest, at least
 * SIZE_TEXT_MAX bytes. */
char *size_format(uint64_t bytes, char *dest);

#endif
