/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pinning an image when a job is submitted: its tag is looked up once, so that every node and every
 * requeue runs the same bits. */
#ifndef SPANK_CLIENT_PIN_H
#define SPANK_CLIENT_PIN_H

#include <stdbool.h>

#include "common/error.h"

struct pin {
	bool enabled;			/* the site's pin= */
	void (*warn)(const char *text); /* told why an image stays as it is */
};

/* Put "@sha256:..." behind *image (malloc'd) where that can be: docker:// names, and oci: layouts
 * with an absolute path that can be read here, which have no digest yet. skopeo asks the registry,
 * as the user and with the user's credentials, for at most 10 s. For an image of several
 * architectures it is the digest of them all: each node takes its own.
 *
 * Returns 0, also if the registry can't be asked (then warn is told, and the nodes will look the
 * tag up), or -1 with err filled if it says that there is no such image or not for this user. arg:
 * a struct pin. */
int pin_image(char **image, void *arg, struct error *err);

/* Whether what skopeo said means that the image can't be had, rather than that nobody could be
 * asked. */
bool pin_is_refusal(const char *words);

#endif
