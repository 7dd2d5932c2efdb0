/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_KUBE_BASE64_H
#define AGENT_KUBE_BASE64_H

#include <stddef.h>

/* Decode base64 (RFC 4648, section 4); white space is skipped. Returns the bytes with a NUL after
 * them (the caller frees) and their number in *ret_len (may be NULL), or NULL if text is none. */
char *base64_decode(const char *text, size_t *ret_len);

/* Returns n bytes as base64 (the caller frees), or NULL without memory. */
char *base64_encode(const void *bytes, size_t n);

#endif
