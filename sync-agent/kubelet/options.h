/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of a request for logs.
 * Source: Kubernetes 1.20, PodLogOptions of core/v1 and ValidatePodLogOptions. */
#ifndef AGENT_KUBELET_OPTIONS_H
#define AGENT_KUBELET_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "common/error.h"

struct log_options {
	bool follow, previous, timestamps;
	int64_t tail;	       /* lines; -1: all */
	int64_t limit;	       /* bytes; -1: no limit */
	struct timespec since; /* { 0 }: all */
	bool has_seconds, has_time;
};

/* How things are before any option is set. */
#define LOG_OPTIONS_INIT ((struct log_options){ .tail = -1, .limit = -1 })

/* Set the option of that name, as it is in a query ("" for one without a value). Unknown ones are
 * ignored, as kubelet does. Returns 0, or -1 with err filled; its code is HTTP's status. */
int log_options_set(struct log_options *o, const char *name, const char *value, struct error *err);

/* Do they go together? */
int log_options_check(const struct log_options *o, struct error *err);

#endif
