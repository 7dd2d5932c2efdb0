/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <time.h>

#include "common/hash.h"
#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/pods/job_pod_own.h"
#include "sync-agent/pods/status.h"

void job_pod_event(struct agent *a, const struct pod *p, bool warning, const char *reason,
		   const char *message)
{
	struct event_what what = { .api_version = "v1",
				   .kind = "Pod",
				   .namespace = p->namespace,
				   .name = p->name,
				   .uid = p->uid,
				   .version = p->version,
				   .warning = warning,
				   .reason = reason,
				   .message = message,
				   /* Once for that pod, also after a restart. */
				   .occasion =
					   hash_text(hash_text(HASH_SEED, p->uid), message) | 1 };
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	recorder_add(&a->events, &what, clock_us(), wall);
}

/* Of a status that is to be written: what somebody should know. */
static void tell_status(struct agent *a, struct pod *p, struct json_object *status)
{
	const char *phase = json_get_string(status, "phase"),
		   *reason = json_get_string(status, "reason");
	struct json_object *list = json_get(status, "conditions");

	if (!strcmp(phase, "Failed") && reason)
		job_pod_event(a, p, true, reason, json_get_string(status, "message") ?: reason);
	for (size_t i = 0; !strcmp(phase, "Pending") && i < json_length(list); i++) {
		struct json_object *c = json_object_array_get_idx(list, i);
		const char *why = json_get_string(c, "reason");

		/* What Slurm says of waiting changes often, and is in the condition. */
		if (!strcmp(json_get_string(c, "type"), "PodScheduled") && why &&
		    !json_get_int(((struct job_pod *)p->own)->job, "status.jobId", 0))
			job_pod_event(a, p, strcmp(why, "Submitting") != 0, why,
				      json_get_string(c, "message") ?: why);
	}
}

void job_pod_tell(struct agent *a, struct pod *p, struct json_object *status)
{
	struct job_pod *j = p->own;

	if (pod_status_has(json_get(j->pod, "status"), status)) {
		json_object_put(status);
		return;
	}
	tell_status(a, p, status);
	pod_write_status(a, p, status);
}
