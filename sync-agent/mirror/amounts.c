/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/amounts.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sync-agent/slurm/job.h"

#define MEMORY_MAX (UINT64_C(1) << 53) /* megabytes; Slurm's high bit is far above */
#define NODES_MAX 0xfffffffdu	       /* above are Slurm's NO_VAL and INFINITE */

int memory_parse(const char *text, uint64_t *ret)
{
	static const char units[] = "KMGTP";
	const char *unit = units + 1;
	uint64_t value;
	char *end;

	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || value > MEMORY_MAX)
		return -1;
	if (*end && toupper((unsigned char)*end) != 'B') {
		unit = strchr(units, toupper((unsigned char)*end++));
		if (!unit)
			return -1;
	}
	end += toupper((unsigned char)*end) == 'B';
	if (*end)
		return -1;
	if (unit == units)
		value = (value + 1023) / 1024;
	for (; unit > units + 1; unit--) {
		value *= 1024;
		if (value > MEMORY_MAX)
			return -1;
	}
	*ret = value;
	return 0;
}

/* A number with k or m behind it; *text moves past it. */
static int count_at(const char **text, uint32_t *ret)
{
	uint64_t value;
	char *end;

	if (!isdigit((unsigned char)**text))
		return -1;
	errno = 0;
	value = strtoull(*text, &end, 10);
	if (errno || value > NODES_MAX)
		return -1;
	if (tolower((unsigned char)*end) == 'k') {
		value *= 1024;
		end++;
	} else if (tolower((unsigned char)*end) == 'm') {
		value *= 1024 * 1024;
		end++;
	}
	if (value > NODES_MAX)
		return -1;
	*ret = (uint32_t)value;
	*text = end;
	return 0;
}

int node_count_parse(const char *text, uint32_t *min, uint32_t *max)
{
	uint32_t from, to;

	if (count_at(&text, &from) < 0)
		return -1;
	to = from;
	if (*text == '-') {
		text++;
		if (count_at(&text, &to) < 0)
			return -1;
	}
	if (*text || to < from)
		return -1;
	*min = from;
	*max = to;
	return 0;
}
