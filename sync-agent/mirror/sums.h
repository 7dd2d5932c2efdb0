/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What partitions and clusters have in common: counts of nodes and the like as JSON. Pure. */
#ifndef AGENT_MIRROR_SUMS_H
#define AGENT_MIRROR_SUMS_H

#include <json-c/json.h>
#include <stdint.h>
#include <time.h>

#include "sync-agent/slurm/partition.h"

/* Set o[key]; an empty text, JOB_NONE and JOB_UNLIMITED set nothing. */
void sums_set_text(struct json_object *o, const char *key, const char *value, size_t max);
void sums_set_number(struct json_object *o, const char *key, uint64_t value);
void sums_set_time(struct json_object *o, const char *key, time_t when);

/* "a,b" as a list; nothing if it is empty, which in Slurm means all. */
void sums_set_words(struct json_object *o, const char *key, const char *text);

/* {"IDLE": 3, ...}; the caller puts it. */
struct json_object *sums_by_name(const struct tally *t);

/* nodes, cpus, memory, gres and features. */
void sums_set(struct json_object *o, const struct node_sums *s);

#endif
