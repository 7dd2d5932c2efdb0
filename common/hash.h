/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FNV-1a: for tables, names and "has it changed?", not for secrets; whoever chooses the text can make two that are
 * alike. Values are in the names of objects, Events and files, so they never change.
 * Source: draft-eastlake-fnv. */
#ifndef COMMON_HASH_H
#define COMMON_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What to begin with. */
#define HASH_SEED UINT64_C(0xcbf29ce484222325)
#define HASH32_SEED UINT32_C(0x811c9dc5)

/* Each takes the hash of what came before, and returns that of both. */

/* A number, in one step: no byte of it is hashed alone. */
static inline uint64_t hash_number(uint64_t hash, uint64_t number)
{
	return (hash ^ number) * UINT64_C(0x100000001b3);
}

static inline uint64_t hash_bytes(uint64_t hash, const void *data, size_t n)
{
	for (const unsigned char *p = data; n; p++, n--)
		hash = hash_number(hash, *p);
	return hash;
}

static inline uint32_t hash32_bytes(uint32_t hash, const void *data, size_t n)
{
	for (const unsigned char *p = data; n; p++, n--)
		hash = (hash ^ *p) * UINT32_C(0x01000193);
	return hash;
}

/* A text and the NUL at its end, so that "ab", "c" is not "a", "bc". Without it: hash_bytes(). */
static inline uint64_t hash_text(uint64_t hash, const char *text)
{
	return hash_bytes(hash, text, strlen(text) + 1);
}

static inline uint32_t hash32_text(uint32_t hash, const char *text)
{
	return hash32_bytes(hash, text, strlen(text) + 1);
}

#endif
