/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/etc_files.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Is this text fit for a field? Else the file would have lines or fields that nobody meant. */
static bool fits(const char *text)
{
	if (!text || !text[0])
		return false;
	for (; *text; text++)
		if (*text == ':' || *text == ',' || (unsigned char)*text < 0x20)
			return false;
	return true;
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

/* The nth field of a line: sets *len; NULL if it has fewer. */
static const char *field(const char *line, int n, size_t *len)
{
	while (n-- > 0) {
		line += strcspn(line, ":\n");
		if (*line != ':')
			return NULL;
		line++;
	}
	*len = strcspn(line, ":\n");
	return line;
}

static bool has_id(const char *line, unsigned id)
{
	size_t len;
	const char *text = field(line, 2, &len);
	char number[16];

	snprintf(number, sizeof(number), "%u", id);
	return text && len == strlen(number) && !memcmp(text, number, len);
}

int etc_name_of(const char *text, unsigned id, char *name, size_t size)
{
	for (const char *line = text; *line; line = next_line(line)) {
		size_t n = strcspn(line, ":\n");

		if (n == 0 || !has_id(line, id))
			continue;
		if (n >= size)
			return -1;
		memcpy(name, line, n);
		name[n] = '\0';
		return 0;
	}
	return -1;
}

static bool has_name(const char *line, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(line, name, n) && line[n] == ':';
}

/* Append the lines of text whose first field isn't name. */
static int add_others(const char *text, const char *name, struct buffer *out)
{
	for (const char *line = text; *line; line = next_line(line)) {
		size_t n = strcspn(line, "\n");

		if (n == 0 || has_name(line, name))
			continue;
		if (buffer_add(out, line, n) < 0 || buffer_add(out, "\n", 1) < 0)
			return -1;
	}
	return 0;
}

static const char *name_of(const struct etc_user *user, char *buf, size_t size)
{
	if (fits(user->name))
		return user->name;
	snprintf(buf, size, "user%u", user->uid);
	return buf;
}

int etc_passwd(const char *image, const struct etc_user *user, struct buffer *out)
{
	char generated[32];
	const char *name = name_of(user, generated, sizeof(generated));

	if (buffer_printf(out, "%s:x:%u:%u:%s:%s:%s\n", name, user->uid, user->gid, name,
			  fits(user->home) ? user->home : "/",
			  fits(user->shell) ? user->shell : "/bin/sh") < 0)
		return -1;
	return add_others(image, name, out);
}

int etc_group(const char *image, const char *host, const struct etc_user *user, const gid_t *gids,
	      size_t count, struct buffer *out)
{
	char generated[32], name[128];
	const char *member = name_of(user, generated, sizeof(generated));

	for (size_t i = 0; i < count; i++) {
		if (etc_name_of(image, gids[i], name, sizeof(name)) == 0)
			continue;
		if (etc_name_of(host, gids[i], name, sizeof(name)) < 0 || !fits(name))
			snprintf(name, sizeof(name), "group%u", gids[i]);
		if (buffer_printf(out, "%s:x:%u:%s\n", name, gids[i],
				  gids[i] == user->gid ? "" : member) < 0)
			return -1;
	}
	return add_others(image, "", out);
}
