/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/client/alias.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DOCKER "docker://"

/* "word://" or "oci:". A name may have a ':' of its own before the tag. */
static bool has_kind(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+-");

	return !strncmp(text, "oci:", 4) || (n && !strncmp(text + n, "://", 3));
}

/* Behind "USER@", but not behind the '@' of a digest. */
static const char *skip_user(const char *text)
{
	const char *at = strchr(text, '@');

	return at && strncmp(at, "@sha256:", 8) ? at + 1 : text;
}

char *alias_image(const char *text)
{
	const char *name = text;
	char *image, *hash;

	if (!strncmp(text, DOCKER, strlen(DOCKER)))
		name = text + strlen(DOCKER);
	else if (!text[0] || strchr("/.~", text[0]) || has_kind(text))
		return strdup(text);
	if (asprintf(&image, DOCKER "%s", skip_user(name)) < 0)
		return NULL;
	hash = strchr(image, '#');
	if (hash)
		*hash = '/';
	return image;
}
