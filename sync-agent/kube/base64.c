/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kube/base64.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

char *base64_decode(const char *text, size_t *ret_len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	_cleanup_free_ char *out = malloc(strlen(text) + 1);
	uint32_t bits = 0;
	int n_bits = 0;
	size_t n = 0;

	if (!out)
		return NULL;
	for (; *text && *text != '='; text++) {
		const char *digit;

		if (strchr(" \t\r\n", *text))
			continue;
		digit = strchr(digits, *text);
		if (!digit)
			return NULL;
		bits = (bits << 6) | (uint32_t)(digit - digits);
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			out[n++] = (char)(bits >> n_bits);
		}
	}
	/* One digit alone is no byte. */
	if (n_bits == 6 || text[strspn(text, "= \t\r\n")])
		return NULL;
	out[n] = '\0';
	if (ret_len)
		*ret_len = n;
	return TAKE_PTR(out);
}

char *base64_encode(const void *bytes, size_t n)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = bytes;
	char *out = malloc((n + 2) / 3 * 4 + 1), *p = out;

	for (size_t i = 0; out && i < n; i += 3) {
		uint32_t bits = (uint32_t)in[i] << 16;

		bits |= i + 1 < n ? (uint32_t)in[i + 1] << 8 : 0;
		bits |= i + 2 < n ? in[i + 2] : 0;
		*p++ = digits[bits >> 18];
		*p++ = digits[bits >> 12 & 63];
		*p++ = i + 1 < n ? digits[bits >> 6 & 63] : '=';
		*p++ = i + 2 < n ? digits[bits & 63] : '=';
	}
	if (out)
		*p = '\0';
	return out;
}
