/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SlurmPartition objects from plain structs: names, labels, status. Pure. */
#ifndef AGENT_MIRROR_PARTITION_H
#define AGENT_MIRROR_PARTITION_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "sync-agent/slurm/partition.h"

/* "<cluster>-<partition>" as a name of Kubernetes. Two pairs may give the same ("a-b" and "c", "a"
 * and "b-c"): with hashed a hash of both follows, for whoever came second. The caller frees it.
 * NULL without memory. */
char *partition_object_name(const char *cluster, const char *partition, bool hashed);

/* New JSON objects; the caller puts them. partition may be NULL: of the cluster's object. */
struct json_object *partition_labels(const char *cluster, const char *partition);
struct json_object *partition_spec(const char *cluster, const char *partition);
struct json_object *partition_status(const struct partition *p);

/* A hash over what is worth a write, of a status made here or as the API server returns it: the
 * order of keys and the times of contacts and writes don't count. */
uint64_t catalog_status_hash(struct json_object *status);

#endif
