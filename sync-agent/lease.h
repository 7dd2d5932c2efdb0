/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Lease object: who has it, and when it may be taken. Pure.
 *
 * Clocks of hosts differ: what counts is for how long, by our own clock, it has not been seen to
 * change. Source: Kubernetes API reference, Lease v1; client-go, tools/leaderelection. */
#ifndef AGENT_LEASE_H
#define AGENT_LEASE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct lease {
	char version[64];  /* resourceVersion, "" if it isn't there */
	char holder[256];  /* "": nobody */
	char acquired[40]; /* texts, as they were read */
	char renewed[40];
	int64_t duration_us;
	int64_t transitions; /* how often it changed hands */
	int64_t changed_at;  /* now of lease_take(), when the holder or its renewal were new */
};

/* Take what the API server says; NULL: it isn't there. now: of whatever clock the caller uses. */
void lease_take(struct lease *l, struct json_object *object, int64_t now);

/* When identity may take it: at once (0) if it is free or its own, else when its time is over. */
int64_t lease_free_at(const struct lease *l, const char *identity);

/* The spec by which holder ("": nobody) has it from now on; the caller puts it. */
struct json_object *lease_spec(const struct lease *l, const char *holder, int64_t duration_us,
			       struct timespec now);

#endif
