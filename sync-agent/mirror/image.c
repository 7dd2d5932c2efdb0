/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/image.h"

#include <stdio.h>
#include <string.h>

void image_split(const char *container, char *asked, char *digest)
{
	struct image_reference r;

	digest[0] = '\0';
	snprintf(asked, IMAGE_MAX, "%s", container);
	if (image_reference_parse(container, &r, NULL) < 0 || !r.digest[0])
		return;
	strcpy(digest, r.digest);
	r.digest[0] = '\0';
	if (r.tag[0] && image_reference_format(&r, asked, IMAGE_MAX) < 0)
		snprintf(asked, IMAGE_MAX, "%s", container);
}

bool image_same(const char *a, const char *b)
{
	return !strcmp(a, b) || image_reference_is_pinned_form(a, b) ||
	       image_reference_is_pinned_form(b, a);
}
