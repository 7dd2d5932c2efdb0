/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entries of a SlurmJob's spec.results. Pure. */
#ifndef AGENT_RESULTS_ENTRIES_H
#define AGENT_RESULTS_ENTRIES_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "sync-agent/config.h"
#include "sync-agent/mirror/output.h"

#define RESULTS_MAX 16 /* entries of a SlurmJob */

enum result_target { RESULT_VOLUME, RESULT_CONFIG_MAP, RESULT_HTTP };

/* Check spec.results whole. http_allow: results.httpAllow. Returns 0, or -1 with err filled:
 * "spec.results[1].to.httpPut.url: what is wrong". NULL is an empty list. */
int results_check(struct json_object *list, const struct words *http_allow, struct error *err);

/* Of a checked entry. */
enum result_target result_target(struct json_object *entry);

/* The ConfigMap that the entry at that place is for, and whether it is the first of its list for
 * that one, which makes it anew. NULL: for none. Borrowed. */
const char *result_config_map(struct json_object *list, size_t at, bool *first);

/* The name of the list of checksums beside the files: "SHA256SUMS", with "-NAME" of an entry that
 * has one. */
void result_manifest(struct json_object *entry, char *buf, size_t size);

/* The files that an entry's "from" means, as glob(3) takes it: the patterns of sbatch's file names
 * expanded. Of an array what differs from task to task (%a, %j) is "*". With a backslash in it
 * nothing is expanded. The caller frees it; NULL without memory. */
char *result_pattern(const char *from, const struct output_names *names);

#endif
