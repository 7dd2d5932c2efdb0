/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/slurm/gres.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

/* "4", "4K" (by 1,024), "4G". Returns false if it is no number. */
static bool parse_count(const char *text, uint64_t *ret)
{
	static const char units[] = "KMGTP";
	const char *unit;
	uint64_t n;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno)
		return false;
	if (*end) {
		unit = strchr(units, *end);
		if (!unit || end[1])
			return false;
		for (const char *u = units; u <= unit; u++)
			n = n > UINT64_MAX / 1024 ? UINT64_MAX : n * 1024;
	}
	*ret = n < UINT32_MAX ? n : UINT32_MAX; /* so that no sum overflows */
	return true;
}

/* One element without its parentheses, "name[:type][:no_consume][:count]"; it is cut up. */
static void count_element(struct tally *t, char *element, bool used)
{
	char name[TALLY_NAME * 2] = "", *field;
	uint64_t n = 1;
	size_t len = 0;

	while ((field = strsep(&element, ":"))) {
		if (!field[0] || !strcmp(field, "no_consume"))
			continue;
		if (!element && len && parse_count(field, &n))
			break;
		if (len + strlen(field) + 2 > sizeof(name))
			return;
		if (len)
			name[len++] = ':';
		len = stpcpy(name + len, field) - name;
	}
	if (len)
		tally_add(t, name, len, used ? 0 : n, used ? n : 0);
}

void gres_count(struct tally *t, const char *text, bool used)
{
	_cleanup_free_ char *plain = strdup(text);
	char *to = plain, *rest = plain, *element;
	unsigned depth = 0;

	if (!plain)
		return;
	for (const char *p = text; *p; p++) {
		if (*p == '(')
			depth++;
		else if (*p == ')')
			depth -= depth > 0;
		else if (!depth)
			*to++ = *p;
	}
	*to = '\0';
	while ((element = strsep(&rest, ",")))
		count_element(t, element, used);
}
