/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/quantity.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

#define DIGITS_MAX 18 /* before and behind the point, together: 10^18 fits */

/* The number without its point, and how many digits were behind it; *text moves past it. */
static int parse_digits(const char **text, int64_t *number, int *behind)
{
	int digits = 0, point = -1;

	*number = 0;
	for (;; (*text)++) {
		if (**text == '.' && point < 0) {
			point = digits;
			continue;
		}
		if (!isdigit((unsigned char)**text))
			break;
		/* Digits far behind the point change nothing that is counted. */
		if (digits == DIGITS_MAX && point < 0)
			return -1;
		if (digits < DIGITS_MAX) {
			*number = *number * 10 + (**text - '0');
			digits++;
		}
	}
	*behind = point < 0 ? 0 : digits - point;
	return digits ? 0 : -1;
}

/* What follows the number, as a power of two or of ten. */
static int parse_suffix(const char *text, int *two, int *ten)
{
	static const struct {
		const char *name;
		int two, ten;
	} suffixes[] = { { "", 0, 0 },	  { "n", 0, -9 },  { "u", 0, -6 },  { "m", 0, -3 },
			 { "k", 0, 3 },	  { "M", 0, 6 },   { "G", 0, 9 },   { "T", 0, 12 },
			 { "P", 0, 15 },  { "E", 0, 18 },  { "Ki", 10, 0 }, { "Mi", 20, 0 },
			 { "Gi", 30, 0 }, { "Ti", 40, 0 }, { "Pi", 50, 0 }, { "Ei", 60, 0 } };
	char *end;
	long exponent;

	*two = *ten = 0;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		if (strcmp(suffixes[i].name, text))
			continue;
		*two = suffixes[i].two;
		*ten = suffixes[i].ten;
		return 0;
	}
	if ((*text != 'e' && *text != 'E') || isspace((unsigned char)text[1]))
		return -1;
	exponent = strtol(text + 1, &end, 10);
	if (end == text + 1 || *end || exponent < -30 || exponent > 30)
		return -1;
	*ten = (int)exponent;
	return 0;
}

int quantity_parse(const char *text, int64_t scale, int64_t *ret)
{
	__int128 n;
	int64_t number;
	int behind, two, ten;
	bool rest = false;

	if (!text || parse_digits(&text, &number, &behind) < 0 ||
	    parse_suffix(text, &two, &ten) < 0)
		return -1;
	n = (__int128)number * scale;
	/* number has 60 bits at most, and scale few: what overflows is too large in any case. */
	for (; two > 0; two--)
		if ((n *= 2) > (__int128)INT64_MAX << 60)
			return -1;
	for (ten -= behind; ten > 0; ten--)
		if ((n *= 10) > (__int128)INT64_MAX << 60)
			return -1;
	for (; ten < 0; ten++) {
		rest |= n % 10 != 0;
		n /= 10;
	}
	n += rest;
	if (n > INT64_MAX)
		return -1;
	*ret = (int64_t)n;
	return 0;
}
