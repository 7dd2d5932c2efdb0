/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an OCI image says about how it is run. Source: OCI image-spec 1.1, config.md. */
#ifndef SPANK_IMAGE_CONFIG_H
#define SPANK_IMAGE_CONFIG_H

#include "spank/holder/bundle.h"

#define IMAGE_CONFIG_MAX (1024 * 1024)

/* Fill in b's env, cwd, entrypoint and command (Cmd) from the text of an image's configuration. Not
 * taken are User, ExposedPorts, Volumes, Labels and StopSignal. Without WorkingDir cwd is "", the job's own. Returns 0, or -1 with err filled. */
int image_config_parse(struct bundle *b, const char *text, size_t len, struct error *err);

/* The user that the image wants to run as: copied to dest, "" if that is root or if it names none.
 */
void image_config_user(const char *text, size_t len, char *dest, size_t size);

#endif
