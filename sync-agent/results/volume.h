/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the files of a volume claim are on the agent's host. Pure.
 * Source: Kubernetes API reference, PersistentVolumeClaim and PersistentVolume v1 core. */
#ifndef AGENT_RESULTS_VOLUME_H
#define AGENT_RESULTS_VOLUME_H

#include <json-c/json.h>

#include "common/error.h"
#include "sync-agent/config.h"

/* The name of the volume that a claim is bound to, borrowed. NULL with err filled; its code is
 * EAGAIN when it may be bound later. */
const char *result_volume_of(struct json_object *claim, struct error *err);

/* The folder of a claim's volume, as results.volumes says: buf gets its absolute path. Returns 0,
 * or -1 with err filled (the volume's kind can't be reached, or isn't in the list). */
int result_volume_folder(struct json_object *claim, struct json_object *volume,
			 const struct words *volumes, char *buf, size_t size, struct error *err);

/* Is it one of results.volumes: "KIND:WHERE[=FOLDER]"? Returns 0, or -1 with err filled. */
int results_check_volume(const char *word, struct error *err);

#endif
