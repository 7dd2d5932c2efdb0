/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forms of what the --container-* options take, looked at when a job is submitted and again on
 * the node. Nothing is looked up: no path need exist. */
#ifndef COMMON_CONTAINER_CHECK_H
#define COMMON_CONTAINER_CHECK_H

#include "common/container_options.h"
#include "common/error.h"

/* One item of --container-env: "NAME" or "NAME=VALUE". A backslash takes the meaning from a ',' or
 * '\' in a value. */
struct container_env {
	char name[256];
	bool has_value;
	char value[32768]; /* "" if it has none */
};

/* Read the next item of a list, as container_mount_next() does. */
int container_env_next(const char **rest, struct container_env *ret, struct error *err);

/* One item of --container-device: a CDI name, "VENDOR/CLASS=NAME".
 * Source: CNCF Container Device Interface, SPEC.md, "kind" and "name". */
struct container_device {
	char kind[128]; /* "VENDOR/CLASS" */
	char name[128];
};
int container_device_next(const char **rest, struct container_device *ret, struct error *err);

/* Whether value is one that option takes. Returns 0, or -1 with err filled; the caller says where
 * the value came from. */
int container_option_check(enum container_option option, const char *value, struct error *err);

/* All that is set in o, and whether it goes together. The text names the option at fault.
 * Returns 0, or -1 with err filled. */
int container_options_check(const struct container_options *o, struct error *err);

#endif
