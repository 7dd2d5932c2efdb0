/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/buffer.h"
#include "common/hash.h"

/* Length of the UTF-8 sequence at s (RFC 3629), 0 if it is none or a control character: C0, DEL, and
 * C1 (U+0080 to U+009F), which begin escape sequences on some terminals. */
static size_t utf8_length(const unsigned char *s)
{
	static const struct {
		unsigned char first_low, first_high, second_low, second_high, length;
	} forms[] = {
		{ 0xc2, 0xc2, 0xa0, 0xbf, 2 }, { 0xc3, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (s[0] < 0x80)
		return (s[0] >= 0x20 && s[0] != 0x7f) || s[0] == '\n' || s[0] == '\t';
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		size_t n = 1;

		if (s[0] < forms[i].first_low || s[0] > forms[i].first_high)
			continue;
		if (s[1] < forms[i].second_low || s[1] > forms[i].second_high)
			return 0;
		for (n = 2; n < forms[i].length; n++)
			if ((s[n] & 0xc0) != 0x80)
				return 0;
		return n;
	}
	return 0;
}

struct json_object *text_json(const char *text, size_t max)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(max);
	const unsigned char *s = (const unsigned char *)text;

	while (*s) {
		size_t n = utf8_length(s);

		if (buffer_add(&b, n ? (const char *)s : "?", n ? n : 1) < 0)
			break;
		s += n ? n : 1;
	}
	return json_object_new_string_len(b.data ? b.data : "", (int)b.used);
}

void text_label(const char *text, char *buf)
{
	size_t n = 0;

	while (*text && !isalnum((unsigned char)*text))
		text++;
	for (; *text && n < LABEL_MAX; text++) {
		bool fine = isascii((unsigned char)*text) &&
			    (isalnum((unsigned char)*text) || strchr("-_.", *text));

		buf[n++] = fine ? *text : '_';
	}
	while (n && !isalnum((unsigned char)buf[n - 1]))
		n--;
	buf[n] = '\0';
}

void text_dns_label(const char *text, char *buf)
{
	const size_t hash_size = 9; /* "-xxxxxxxx" */
	bool changed = strlen(text) > LABEL_MAX || !text[0];
	uint32_t hash = hash32_bytes(HASH32_SEED, text, strlen(text));
	size_t n = 0;

	for (const char *p = text; *p; p++) {
		bool fine = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') ||
			    (*p == '-' && p > text && p[1]);

		changed |= !fine;
	}
	for (const char *p = text; *p && n < LABEL_MAX - (changed ? hash_size : 0); p++) {
		char c = *p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p;
		bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (fine || n)
			buf[n++] = fine ? c : '-';
	}
	if (changed)
		n += snprintf(buf + n, hash_size + 2, n ? "-%08x" : "x-%08x", hash);
	buf[n] = '\0';
}

void text_time(time_t when, char buf[TIME_SIZE])
{
	const time_t last = 253402300799; /* in the year 9999 */
	struct tm tm;

	when = when < 0 ? 0 : when > last ? last : when;
	gmtime_r(&when, &tm);
	strftime(buf, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

time_t text_time_parse(const char *text)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	time_t when = end && !*end ? timegm(&tm) : 0;

	return when > 0 ? when : 0;
}
