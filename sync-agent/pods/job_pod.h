/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pods that become Slurm jobs: those that ask for our scheduler, and those that Kubernetes' own has
 * put on one of our nodes since they tolerate its taint by name.
 *
 * Such a pod gets a SlurmJob (translate.h), whose name is made from the pod's, so that making it
 * twice makes one; it is the pod's by its ownerReference, so that Kubernetes' garbage collection
 * takes it away, and the finalizer cancels its job. All else is the SlurmJob's own way (submit/,
 * verbs/). What becomes of the job is told in the pod: it is bound to its partition's node when the
 * job starts, and has its status then (status.h). When the job has ended, slurm-kube-pod's report
 * is read as the owner. */
#ifndef AGENT_PODS_JOB_POD_H
#define AGENT_PODS_JOB_POD_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#define TICKET_POD (UINT64_C(1) << 61) /* of the owner helper's tickets: a report, of that job */

struct agent;
struct entry;
struct error;
struct output;
struct owner_answer;

/* act.c: a report was read, or could not be. */
void job_pod_answered(struct agent *a, const struct owner_answer *answer);

/* details.c: something is known of a step of that job that wasn't. */
void job_pod_steps(struct agent *a, const struct entry *e);

/* Where the output of a container of such a pod is (mirror/output.h). Returns 1 if it is no such
 * pod, 0 with ret filled, or -1 with err filled, whose code is HTTP's status. */
int job_pod_output(struct agent *a, const char *namespace, const char *name, const char *container,
		   bool previous, struct output *ret, struct error *err);

/* For kubectl exec: what of it is to be entered: "uid", "job" and "step" of ret are set. Returns 1 if
 * it is no such pod, 0, or -1 with err filled, whose code is HTTP's status. */
int job_pod_enter(struct agent *a, const char *namespace, const char *name, const char *container,
		  struct json_object *ret, struct error *err);

/* Has that container ended for good, and with it what it writes? 1: yes, 0: no, -1: it is no such
 * pod. */
int job_pod_ended(struct agent *a, const char *namespace, const char *name, const char *container);

#endif
