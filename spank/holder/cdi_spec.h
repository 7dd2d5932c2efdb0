/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One file that describes devices. Source: Container Device Interface, SPEC.md 0.3 to 1.1. */
#ifndef SPANK_HOLDER_CDI_SPEC_H
#define SPANK_HOLDER_CDI_SPEC_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

struct json_object;

#define CDI_FILE_MAX (1024 * 1024)
#define CDI_DEVICES_MAX 4096 /* of a file */

/* Is this a whole name, "vendor.com/class=device"? */
bool cdi_is_name(const char *name);

/* Is this a kind, "vendor.com/class"? */
bool cdi_is_kind(const char *kind);

/* Read and check the text of a file. file: its path, for messages; what it ends in says whether it
 * is JSON (".json") or YAML. len bytes, which a NUL follows.
 * Returns the file's object, which the caller puts: kind and every device's name are proper, no
 * device is there twice. Or NULL with err filled. */
struct json_object *cdi_spec_parse(const char *text, size_t len, const char *file,
				   struct error *err);

/* Read and check a file of at most CDI_FILE_MAX bytes. Returns as cdi_spec_parse(). */
struct json_object *cdi_spec_load(const char *file, struct error *err);

#endif
