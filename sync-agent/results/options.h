/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration's section "results". Pure. */
#ifndef AGENT_RESULTS_OPTIONS_H
#define AGENT_RESULTS_OPTIONS_H

#include <stdint.h>

#include "sync-agent/config.h"
#include "sync-agent/results/url.h"
#include "sync-agent/results/volume.h"

/* Where nothing is set. */
#define RESULTS_MAX_BYTES (INT64_C(10) << 30)
#define RESULTS_TIMEOUT 3600
#define RESULTS_PARALLEL 4

#define RESULTS_PARALLEL_MAX 64
#define RESULTS_TIMEOUT_MAX (7 * 86400)

/* As size_parse() takes it; "none" is INT64_MAX. Returns 0, or -1. */
int results_parse_size(const char *text, int64_t *ret);

/* Do these values make sense? Returns 0, or -1 with err filled: "results.KEY: what is wrong". */
int results_check_config(const struct config *c, struct error *err);

#endif
