/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/submit/mark.h"

#include <inttypes.h>
#include <stdio.h>

#include "sync-agent/mirror/text.h"

void mark_format(const struct mark *mark, char buf[MARK_SIZE])
{
	char when[TIME_SIZE];

	text_time(mark->when, when);
	snprintf(buf, MARK_SIZE, "%" PRId64 " %s", mark->generation, when);
}

struct mark mark_parse(const char *text)
{
	struct mark mark = { 0 };
	char when[32];

	if (!text || sscanf(text, "%" SCNd64 " %31s", &mark.generation, when) != 2 ||
	    mark.generation < 1)
		return (struct mark){ 0 };
	mark.when = text_time_parse(when);
	return mark;
}
