/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/lease.h"

#include <stdio.h>
#include <string.h>

#include "common/json.h"

#define DURATION_DEFAULT 15 /* seconds */
#define TIME_TEXT_SIZE 32
#define DURATION_MOST 3600  /* whatever another writer says: it is not for ever */

static void copy(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text ? text : "");
}

void lease_take(struct lease *l, struct json_object *object, int64_t now)
{
	struct lease before = *l;
	int64_t duration = json_get_int(object, "spec.leaseDurationSeconds", DURATION_DEFAULT);

	copy(l->version, sizeof(l->version), json_get_string(object, "metadata.resourceVersion"));
	copy(l->holder, sizeof(l->holder), json_get_string(object, "spec.holderIdentity"));
	copy(l->acquired, sizeof(l->acquired), json_get_string(object, "spec.acquireTime"));
	copy(l->renewed, sizeof(l->renewed), json_get_string(object, "spec.renewTime"));
	l->transitions = json_get_int(object, "spec.leaseTransitions", 0);
	if (duration < 1 || duration > DURATION_MOST)
		duration = duration < 1 ? 1 : DURATION_MOST;
	l->duration_us = duration * 1000000;
	if (!before.version[0] || strcmp(before.holder, l->holder) ||
	    strcmp(before.renewed, l->renewed))
		l->changed_at = now;
}

int64_t lease_free_at(const struct lease *l, const char *identity)
{
	if (!l->holder[0] || !strcmp(l->holder, identity))
		return 0;
	return l->changed_at + l->duration_us;
}

/* metav1.MicroTime. */
static void format_time(struct timespec when, char buf[TIME_TEXT_SIZE])
{
	char seconds[20];
	struct tm tm;

	gmtime_r(&when.tv_sec, &tm);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf, TIME_TEXT_SIZE, "%s.%06uZ", seconds,
		 (unsigned)(when.tv_nsec / 1000) % 1000000);
}

struct json_object *lease_spec(const struct lease *l, const char *holder, int64_t duration_us,
			       struct timespec now)
{
	struct json_object *spec = json_object_new_object();
	bool changes_hands = holder[0] && strcmp(l->holder, holder);
	char text[TIME_TEXT_SIZE];

	format_time(now, text);
	json_set_string(spec, "holderIdentity", holder);
	json_set_int(spec, "leaseDurationSeconds", holder[0] ? duration_us / 1000000 : 1);
	json_set_string(spec, "acquireTime", changes_hands || !l->acquired[0] ? text : l->acquired);
	json_set_string(spec, "renewTime", text);
	json_set_int(spec, "leaseTransitions", l->transitions + (changes_hands && l->version[0]));
	return spec;
}
