/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pod of a SlurmJob, which is there for kubectl logs: whether it is wanted, what it is, and the
 * status that follows the job's. Pure. Source: Kubernetes API reference, Pod v1. */
#ifndef AGENT_MIRROR_COMPANION_H
#define AGENT_MIRROR_COMPANION_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

/* On a SlurmJob or its namespace: "true", "false"; on a SlurmJob also steps, and of an array indexes of
 * tasks: "7,9-12,step-3" (companion_wish.h). */
#define COMPANION_ASKED "slurm-kube.io/logs"
/* On the pod: the tasks and steps that have containers of their own, as text. */
#define COMPANION_TASKS "slurm-kube.io/log-tasks"
#define COMPANION_TASKS_MAX 32
#define COMPANION_TASKS_ALL 16 /* arrays of no more tasks get a container for each */

enum companion_mode { COMPANION_NONE, COMPANION_ANNOTATED, COMPANION_ALL };

/* "none", "annotated", "all" */
enum companion_mode companion_mode(const char *word);

/* Does this SlurmJob get a pod? namespace_asks: its namespace has the annotation with "true"; or
 * with "false": -1. */
bool companion_asked(enum companion_mode mode, int namespace_asks, struct json_object *job);

/* A container's name: "stdout", "stderr" (where that is a file of its own; of an array: of the task
 * that started last), "task-7" (an array's task's stdout). Returns false if it is none of these.
 * *task: -1 if it is not a task's. */
bool companion_container(const char *name, int64_t *task, bool *is_stderr);

/* The whole pod, status and all, on that node. The caller puts it. */
struct json_object *companion_pod(struct json_object *job, const char *cluster, const char *node);

/* Is that pod one that was made here for a SlurmJob of that cluster? */
bool companion_is(struct json_object *pod, const char *cluster);

/* The uid of the SlurmJob that it is of; NULL: none. Borrowed. */
const char *companion_owner(struct json_object *pod);

/* What of a pod's status is worth a write: that of companion_pod(), or as the API server has it. */
uint64_t companion_status_hash(struct json_object *pod);

/* The job waits, to be run for the first time or again; none of it runs any more. */
bool companion_job_waits(struct json_object *job);

/* The job has ended. */
bool companion_job_ended(struct json_object *job);

#endif
