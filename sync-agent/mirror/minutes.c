/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/minutes.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "sync-agent/slurm/job.h"

/* No limit in Slurm passes 2^32 minutes; a number beyond is a mistake. */
#define NUMBER_MAX UINT32_MAX

/* Up to three numbers with ':' between them. Returns how many, 0 if text is not of that form. */
static int split(const char *text, uint64_t part[3])
{
	int n = 0;

	while (n < 3) {
		char *end;

		if (!isdigit((unsigned char)*text))
			return 0;
		part[n] = strtoull(text, &end, 10);
		if (part[n] > NUMBER_MAX)
			return 0;
		n++;
		if (!*end)
			return n;
		if (*end != ':')
			return 0;
		text = end + 1;
	}
	return 0;
}

int minutes_parse(const char *text, uint64_t *ret)
{
	uint64_t days, part[3] = { 0 };
	char *end;
	int n;

	if (!strcasecmp(text, "UNLIMITED") || !strcasecmp(text, "INFINITE") ||
	    !strcasecmp(text, "-1")) {
		*ret = JOB_UNLIMITED;
		return 0;
	}
	if (!isdigit((unsigned char)*text))
		return -1;
	days = strtoull(text, &end, 10);
	if (*end == '-') {
		if (days > NUMBER_MAX || !(n = split(end + 1, part)))
			return -1;
		*ret = ((days * 24 + part[0]) * 60) + part[1] + (part[2] + 59) / 60;
		return 0;
	}
	n = split(text, part);
	if (n == 1)
		*ret = part[0];
	else if (n == 2)
		*ret = part[0] + (part[1] + 59) / 60;
	else if (n == 3)
		*ret = part[0] * 60 + part[1] + (part[2] + 59) / 60;
	return n ? 0 : -1;
}

void minutes_format(uint64_t minutes, char *buf, unsigned size)
{
	uint64_t days = minutes / (24 * 60), hours = minutes / 60 % 24;

	if (minutes == JOB_UNLIMITED || minutes == JOB_NONE)
		snprintf(buf, size, "UNLIMITED");
	else if (days)
		snprintf(buf, size, "%" PRIu64 "-%02" PRIu64 ":%02" PRIu64 ":00", days, hours,
			 minutes % 60);
	else
		snprintf(buf, size, "%02" PRIu64 ":%02" PRIu64 ":00", hours, minutes % 60);
}
