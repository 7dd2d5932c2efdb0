/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entry point of a libFuzzer program. Source: LLVM, "libFuzzer - a library for coverage-guided
 * fuzz testing". */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as a string of its own, without a byte to spare, so that ASan sees a look beyond. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* What has to hold whatever the input. */
#define must(condition) \
	do {            \
		if (!(condition)) \
			abort();  \
	} while (0)

#endif
