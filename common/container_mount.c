/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/container_mount.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

#define FIELDS_MAX 3

/* Copy one field, up to an unescaped ':' or ','. Returns where it ended, NULL if it doesn't fit. */
static const char *copy_field(const char *p, char *dest, size_t size)
{
	size_t n = 0;

	for (; *p && *p != ':' && *p != ','; p++) {
		if (*p == '\\' && (p[1] == ':' || p[1] == ',' || p[1] == '\\'))
			p++;
		if (n + 1 >= size)
			return NULL;
		dest[n++] = *p;
	}
	dest[n] = '\0';
	return p;
}

static int item_length(const char *item)
{
	size_t n = 0;

	while (item[n] && item[n] != ',')
		n += item[n] == '\\' && item[n + 1] ? 2 : 1;
	return n > 120 ? 120 : (int)n;
}

static int bad(struct error *err, const char *item, const char *what)
{
	return error_set(err, EINVAL, "'%.*s' %s; write SRC:DST[:FLAG+FLAG...], or tmpfs:DST",
			 item_length(item), item, what);
}

int container_mount_next(const char **rest, struct container_mount *ret, struct error *err)
{
	char fields[FIELDS_MAX][4096];
	const char *item = *rest + strspn(*rest, ","), *p = item;
	int count = 0;

	if (!*item) {
		*rest = item;
		return 0;
	}
	for (;; p++) {
		if (count == FIELDS_MAX)
			return bad(err, item, "has more than three parts");
		p = copy_field(p, fields[count++], sizeof(fields[0]));
		if (!p)
			return bad(err, item, "is too long");
		if (*p != ':')
			break;
	}
	*ret = (struct container_mount){.tmpfs = !strcmp(fields[0], "tmpfs") && count > 1};
	if (!fields[0][0])
		return bad(err, item, "has no source");
	if (!ret->tmpfs)
		strcpy(ret->source, fields[0]);
	strcpy(ret->target, fields[count > 1 ? 1 : 0]);
	if (count > 1 && ret->target[0] != '/')
		return bad(err, item, "has no absolute path as its target");
	if (count > 2 && strlen(fields[2]) >= sizeof(ret->options))
		return bad(err, item, "has too many flags");
	if (count > 2)
		strcpy(ret->options, fields[2]);
	*rest = p;
	return 1;
}
