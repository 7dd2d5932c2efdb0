/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kube/stats.h"

#include <string.h>

const double kube_bucket_limits[KUBE_BUCKETS] = {
	0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30,
};

const char *const kube_method_names[KUBE_METHODS] = {
	[KUBE_GET] = "GET",	[KUBE_POST] = "POST",	  [KUBE_PUT] = "PUT",
	[KUBE_PATCH] = "PATCH", [KUBE_DELETE] = "DELETE", [KUBE_WATCH] = "WATCH",
};

const char *const kube_class_names[KUBE_CLASSES] = {
	[KUBE_NO_ANSWER] = "none", [KUBE_2XX] = "2xx", [KUBE_CONFLICT] = "409",
	[KUBE_TOO_MANY] = "429",   [KUBE_4XX] = "4xx", [KUBE_5XX] = "5xx",
};

enum kube_method kube_method_of(const char *name, int is_watch)
{
	if (is_watch)
		return KUBE_WATCH;
	for (int i = 0; i < KUBE_METHODS; i++)
		if (!strcmp(kube_method_names[i], name))
			return i;
	return KUBE_GET;
}

static enum kube_class class_of(long status)
{
	if (status == 0)
		return KUBE_NO_ANSWER;
	if (status >= 200 && status < 300)
		return KUBE_2XX;
	if (status == 409)
		return KUBE_CONFLICT;
	if (status == 429)
		return KUBE_TOO_MANY;
	return status >= 500 ? KUBE_5XX : KUBE_4XX;
}

void kube_stats_add(struct kube_stats *s, enum kube_method method, long status, int64_t took_us)
{
	s->requests[method][class_of(status)]++;
	if (!status)
		return;
	s->latency[method].count++;
	s->latency[method].sum_us += took_us;
	for (int i = 0; i < KUBE_BUCKETS; i++) {
		if ((double)took_us <= kube_bucket_limits[i] * 1e6) {
			s->latency[method].buckets[i]++;
			return;
		}
	}
}
