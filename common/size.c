/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/size.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int size_parse(const char *text, uint64_t *ret, struct error *err)
{
	static const char units[] = "KMGT";
	const char *unit;
	double value;
	char *end;

	if (!strcmp(text, "none")) {
		*ret = SIZE_NO_LIMIT;
		return 0;
	}
	errno = 0;
	value = strtod(text, &end);
	unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
	if (unit)
		end++;
	for (; unit && unit >= units; unit--)
		value *= 1024;
	if (!isdigit((unsigned char)text[0]) || strpbrk(text, "xXeEpP") || *end || errno ||
	    value >= 1e18)
		return error_set(err, EINVAL,
				 "'%.40s' is no size: it takes a number and K, M, G or T, or none",
				 text);
	*ret = value;
	return 0;
}

char *size_format(uint64_t bytes, char *dest)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB"};
	double value = bytes / 1000.0;
	size_t i = 0;

	if (bytes < 1000) {
		snprintf(dest, SIZE_TEXT_MAX, "%u bytes", (unsigned)bytes);
		return dest;
	}
	while (value >= 999.95 && i + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1000;
		i++;
	}
	snprintf(dest, SIZE_TEXT_MAX, "%.1f %s", value, units[i]);
	return dest;
}
