/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "spank/tool/run.h"

/* What the line with the reason has. */
static const char *const signs[] = {"level=fatal", "level=error", "FATAL ERROR", "rror",
				    "\xe2\xa8\xaf"};

static bool has_sign(const char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
		if (strstr(line, signs[i]))
			return true;
	return false;
}

/* "time=... level=fatal msg="TEXT"": TEXT, unescaped in place. */
static char *unwrap(char *line)
{
	char *from = strstr(line, " msg=\""), *to;

	if (!from)
		return line;
	from += 6;
	line = to = from;
	while (*from && *from != '"') {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from++;
	}
	*to = '\0';
	return line;
}

/* "https://user:password@host" loses what is before the '@'. */
static void hide_credentials(char *line)
{
	char *p = line;

	while ((p = strstr(p, "://"))) {
		size_t n;
		char *at;

		p += 3;
		n = strcspn(p, "/ \"'");
		at = memchr(p, '@', n);
		if (at && at != p && memchr(p, ':', at - p) && strncmp(at, "@sha256:", 8))
			memmove(p, at + 1, strlen(at + 1) + 1);
	}
}

void run_last_words(char *text, char *dest, size_t size)
{
	char *line, *save = NULL, *best = "";
	bool signed_ = false;

	for (line = strtok_r(text, "\r\n", &save); line; line = strtok_r(NULL, "\r\n", &save)) {
		bool sign = has_sign(line);

		if (line[strspn(line, " \t")] && (sign || !signed_))
			best = line;
		signed_ |= sign;
	}
	best = unwrap(best);
	best += strspn(best, " \t\xe2\xa8\xaf");
	if (best[0])
		hide_credentials(best);
	for (char *p = best; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	snprintf(dest, size, "%s", best);
}
