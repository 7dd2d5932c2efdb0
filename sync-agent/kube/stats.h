/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the client's requests came to: counts, and how long the answers took. Pure. */
#ifndef AGENT_KUBE_STATS_H
#define AGENT_KUBE_STATS_H

#include <stdint.h>

enum kube_method {
	KUBE_GET, /* lists, too */
	KUBE_POST,
	KUBE_PUT,
	KUBE_PATCH,
	KUBE_DELETE,
	KUBE_WATCH, /* counted when it ends; its time is that until the first byte */
	KUBE_METHODS,
};

enum kube_class {
	KUBE_NO_ANSWER, /* no connection, cut, or too slow */
	KUBE_2XX,
	KUBE_CONFLICT, /* 409 */
	KUBE_TOO_MANY, /* 429 */
	KUBE_4XX,      /* the others of these, and what is odd */
	KUBE_5XX,
	KUBE_CLASSES,
};

#define KUBE_BUCKETS 14

/* Seconds, upper ends; what took longer than the last is in no bucket. */
extern const double kube_bucket_limits[KUBE_BUCKETS];
extern const char *const kube_method_names[KUBE_METHODS]; /* "GET" ... */
extern const char *const kube_class_names[KUBE_CLASSES];  /* "none", "2xx", "409" ... */

struct kube_stats {
	uint64_t requests[KUBE_METHODS][KUBE_CLASSES];
	struct {
		uint64_t buckets[KUBE_BUCKETS]; /* each one's own, not summed up */
		uint64_t count;
		int64_t sum_us;
	} latency[KUBE_METHODS]; /* of those that were answered */
	uint64_t retried;	 /* sent again with fresh credentials after a 401 */
	unsigned in_flight;	 /* now, without watches */
	unsigned window;	 /* how many may be */
};

/* name: HTTP's. What is none of these counts as a GET. */
enum kube_method kube_method_of(const char *name, int is_watch);

/* Count an answer: status is HTTP's, 0 if there was none. */
void kube_stats_add(struct kube_stats *s, enum kube_method method, long status, int64_t took_us);

#endif
