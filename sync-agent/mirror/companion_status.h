/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_MIRROR_COMPANION_STATUS_H
#define AGENT_MIRROR_COMPANION_STATUS_H

#include <json-c/json.h>

/* The status of a SlurmJob's pod with these containers (of its spec); the caller puts it. */
struct json_object *companion_status(struct json_object *job, struct json_object *containers);

#endif
