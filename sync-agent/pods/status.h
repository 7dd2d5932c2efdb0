/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pod's status from that of its SlurmJob. Pure: the same job gives the same status, times
 * included. Source: k8s.io/api/core/v1, PodStatus; kubelet's words for reasons. */
#ifndef AGENT_PODS_STATUS_H
#define AGENT_PODS_STATUS_H

#include <json-c/json.h>
#include <stdbool.h>

#define POD_HAS_JOB                                                                                \
	"slurm-kube.io/SlurmJob" /* a condition: there was one, its message is the name */

/* pod: as the API server has it, or pod_slim() of that. job: the SlurmJob, NULL: there is none.
 * report: what slurm-kube-pod wrote (spank/pod/report.c), NULL: not known; any user may have written
 * anything there. bound: it has its node. Members that are to go are null. The caller puts it. */
struct json_object *pod_status(struct json_object *pod, struct json_object *job,
			       struct json_object *report, bool bound);

/* The status of a pod that no job will be made of, or whose job is lost: Failed, or as long as it
 * has no node Pending, for that reason. */
struct json_object *pod_status_refused(struct json_object *pod, const char *reason,
				       const char *message, bool failed);

/* Does its status say that a SlurmJob was made of it? */
bool pod_status_had_job(struct json_object *pod);

/* Does is have all that wanted has? Null is what is not there. */
bool pod_status_has(struct json_object *is, struct json_object *wanted);

bool pod_job_started(struct json_object *job);
/* Its SlurmJob has gone before its end was seen: it was cancelled. */
void pod_job_cancelled(struct json_object *job);
bool pod_job_ended(struct json_object *job);

/* What pod_status() needs of a pod, and the status that it has; of a SlurmJob. The caller puts it.
 */
struct json_object *pod_slim(struct json_object *pod);
struct json_object *pod_slim_job(struct json_object *job);

#endif
