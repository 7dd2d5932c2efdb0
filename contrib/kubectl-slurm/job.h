/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SlurmJob: found by its name, or by Slurm's job id; watched; what it says of its end. */
#ifndef KUBECTL_SLURM_JOB_H
#define KUBECTL_SLURM_JOB_H

#include <json-c/json.h>
#include <stdint.h>

#include "contrib/kubectl-slurm/kubectl.h"

#define RESOURCE "slurmjobs.slurm-kube.io"
#define LABEL_JOB_ID "slurm-kube.io/job-id"
#define LOGS_ANNOTATION "slurm-kube.io/logs"

struct job {
	struct json_object *object;
	const char *name; /* in object */
	int64_t task;	  /* of an array, -1: none was named */
};

void job_free(struct job *j);

/* text: NAME, slurmjob/NAME, Slurm's job id, or one of these and _TASK. Returns 0, or -1 with err
 * filled. */
int job_find(const struct kubectl *k, const char *text, struct job *ret, struct error *err);

/* One of a list. Returns 0, or -1 with err filled. */
int job_take(struct json_object *object, struct job *ret, struct error *err);

/* A name that Kubernetes takes, which also can't be read as an option. */
bool job_is_name(const char *text);

/* Watch one object of that kind. seen is called for each state that it has, the first at once;
 * object is NULL once it is not there (with may_come: once it was deleted). It returns 0 to go on,
 * 1 at the goal, -1 with err filled. timeout: seconds, 0: none. Returns what seen has returned
 * last, 0 when the time is over, -1 with err filled. */
typedef int job_seen(void *ctx, struct json_object *object, struct error *err);
struct job_watch {
	const char *kind, *name;
	bool may_come; /* it need not be there yet */
	int64_t timeout;
	job_seen *seen;
	void *ctx;
};
int job_watch(const struct kubectl *k, const struct job_watch *what, struct error *err);

/* A condition of an object's status; NULL: it has none of that type. Borrowed. */
struct json_object *job_condition(struct json_object *object, const char *type);
bool job_condition_is(struct json_object *object, const char *type, const char *status);

bool job_ended(struct json_object *object);

/* Slurm, or the agent, has refused to make a job of it. */
bool job_refused(struct json_object *object);

/* 0 for COMPLETED, else its exit code; 128 and the signal's number; 1 if Slurm has neither. */
int job_exit_code(struct json_object *object);

/* "RUNNING on node1", "PENDING (Resources)", "FAILED (NonZeroExitCode), exit code 3" into buf. */
void job_describe(struct json_object *object, char *buf, size_t size);

/* What kubectl prints: 10s, 5m, 2h30m, or a number of seconds. Returns -1 if it is nothing of that.
 */
int64_t job_seconds(const char *text);

/* A time of Kubernetes in seconds since 1970; 0 if there is none. */
int64_t job_time(const char *text);

#endif
