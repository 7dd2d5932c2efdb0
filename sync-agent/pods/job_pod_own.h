/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of job_pod*.c. */
#ifndef AGENT_PODS_JOB_POD_OWN_H
#define AGENT_PODS_JOB_POD_OWN_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "sync-agent/pods/pods.h"

struct job_pod {
	struct json_object *pod;   /* pod_slim(); NULL: not known */
	struct json_object *whole; /* until it has a SlurmJob */
	struct json_object *job;   /* pod_slim_job(); NULL: there is none */
	bool job_gone; /* that one is no more, and the pod is going, too */
	struct json_object *report;
	struct json_object *tolerations; /* that it is to have; NULL: it has them */
	bool reading;	   /* the report is being read */
	bool looked;	   /* for one that was there when the agent began */
	int64_t read_at;   /* monotonic: when to read it; 0: not now */
	int64_t bell_at;   /* a step began or ended */
	int64_t give_up;   /* the job has ended: its last report is waited for until then */
	bool report_known; /* that is the last one, or it is not to be had */
	bool intolerant;   /* the API server has refused them */
	bool cancelling;   /* its SlurmJob is being deleted */
	uint64_t refused;  /* hash of what was told */
};

static inline void job_pod_set(struct json_object **to, struct json_object *value)
{
	json_object_put(*to);
	*to = value;
}

/* The pod of a SlurmJob's entry, whose name is the pod's and more; NULL: none. */
struct pod *job_pod_of(struct agent *a, const struct entry *e);

/* job_pod_tell.c: an Event, once for that pod and message. */
void job_pod_event(struct agent *a, const struct pod *p, bool warning, const char *reason,
		   const char *message);
/* Write the status, if it isn't what the pod has, and tell what somebody should know of it. */
void job_pod_tell(struct agent *a, struct pod *p, struct json_object *status);

/* job_pod_tolerate.c: let it stay on its node while no agent runs. Returns true if that takes a write
 * now. */
bool job_pod_tolerate(struct agent *a, struct pod *p);

/* job_pod_end.c: it is being deleted. */
void job_pod_delete(struct agent *a, struct pod *p);

/* job_pod_report.c: read the report if it is time. Returns false if the job has ended, and its last
 * report is still waited for. */
bool job_pod_reported(struct agent *a, struct pod *p);

#endif
