/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/when.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void when_format(time_t when, char buf[WHEN_SIZE])
{
	struct tm tm;

	if (!localtime_r(&when, &tm) || !strftime(buf, WHEN_SIZE, "%Y-%m-%dT%H:%M:%S", &tm))
		buf[0] = '\0';
}

/* "2026-11-23T10:00" at the start of text. Returns what follows, or NULL. */
static const char *date_at(const char *text, struct tm *tm)
{
	*tm = (struct tm){ .tm_isdst = -1 };
	if (!isdigit((unsigned char)*text))
		return NULL;
	return strptime(text, "%Y-%m-%dT%H:%M", tm);
}

/* ":SS" at text, if it is there. Returns what follows, or NULL if it is no such number. */
static const char *seconds_at(const char *text, struct tm *tm)
{
	if (*text != ':')
		return text;
	if (!isdigit((unsigned char)text[1]) || !isdigit((unsigned char)text[2]))
		return NULL;
	tm->tm_sec = (text[1] - '0') * 10 + text[2] - '0';
	return tm->tm_sec <= 60 ? text + 3 : NULL;
}

time_t when_parse(const char *text)
{
	struct tm tm;
	const char *end = date_at(text, &tm);
	time_t when;

	end = end ? seconds_at(end, &tm) : NULL;
	if (!end || *end)
		return 0;
	when = mktime(&tm);
	return when > 0 ? when : 0;
}

/* ".123" at text, if it is there; *text moves past it. */
static int64_t fraction_at(const char **text)
{
	int64_t value = 0, unit = 100000;

	if (**text != '.')
		return 0;
	for ((*text)++; isdigit((unsigned char)**text); (*text)++) {
		value += (**text - '0') * unit;
		unit /= 10;
	}
	return value;
}

/* "Z" or "+01:00", as the whole of text. Returns 0 with the seconds to take off, or -1. */
static int zone_at(const char *text, int64_t *ret)
{
	unsigned hours, minutes;
	int used = 0;

	*ret = 0;
	if (!strcmp(text, "Z") || !strcmp(text, "z"))
		return 0;
	if ((*text != '+' && *text != '-') ||
	    sscanf(text + 1, "%2u:%2u%n", &hours, &minutes, &used) != 2 || used != 5 ||
	    text[6] || hours > 23 || minutes > 59)
		return -1;
	*ret = (*text == '-' ? -1 : 1) * (int64_t)(hours * 3600 + minutes * 60);
	return 0;
}

int64_t when_parse_stamp(const char *text)
{
	struct tm tm;
	const char *end = date_at(text, &tm);
	int64_t when, offset, fraction;

	if (!end || *end != ':' || !(end = seconds_at(end, &tm)))
		return 0;
	fraction = fraction_at(&end);
	if (zone_at(end, &offset) < 0)
		return 0;
	when = (timegm(&tm) - offset) * 1000000 + fraction;
	return when > 0 ? when : 0;
}
