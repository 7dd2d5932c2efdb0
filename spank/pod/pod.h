/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurm-kube-pod: the batch script of a Slurm job that is a pod. It runs on the job's first node,
 * as the job's owner, outside of containers, and makes each container a step of the job.
 *
 *   plan.c      what is to be run, from the environment
 *   expand.c    $(NAME) in texts (pure)
 *   env.c       a container's variables
 *   folders.c   where they are on the node
 *   volumes.c   files and folders that containers share
 *   mounts.c    ... and where they have them
 *   step.c      srun's words
 *   run.c       containers in order, restarts, time limits
 *   report.c    what the agent reads afterwards
 */
#ifndef POD_POD_H
#define POD_POD_H

#include <json-c/json.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "common/error.h"
#include "common/pod_path.h"

/* How a container ran, or runs. */
struct turn {
	time_t started, finished; /* 0: not yet */
	int exit_code;
	const char *reason; /* "Completed", "Error" */
	char message[POD_MESSAGE_MAX + 1];
};

struct container {
	struct json_object *plan; /* sync-agent/pods/translate.h */
	const char *name;
	bool init;
	pid_t srun; /* 0: it doesn't run */
	unsigned restarts;
	struct turn turn, last; /* the latest, and the one before */
	bool done;		/* it will not be started again */
	int64_t not_before;	/* monotonic, microseconds: when to start it */
	int64_t pause;		/* the latest one between two starts */
	int64_t begun;		/* monotonic */
};

struct pod {
	struct json_object *plan;
	struct json_object *sources; /* VARIABLE: {KEY: base64} */
	struct json_object *kept; /* ["NAME=VALUE", ...]: what was taken out of the environment */
	const char *uid;
	char folder[PATH_MAX]; /* output, report: lasts */
	char memory[PATH_MAX]; /* on this node, in memory: files of volumes, messages */
	char disk[PATH_MAX];   /* on this node: emptyDir */
	struct container *containers;
	size_t n;
	bool stopping;	    /* nothing is started any more */
	const char *reason; /* why the pod failed, NULL: its containers tell */
	char message[512];
};

/* plan.c: take the plan and all that it refers to out of the environment. */
int plan_take(struct pod *p, struct error *err);
void plan_free(struct pod *p);
/* A variable that was taken out of the environment; borrowed, NULL if there is none. */
const char *plan_variable(const struct pod *p, const char *name);
/* The bytes of a key: the caller frees. NULL if there is none. */
char *plan_value(const struct pod *p, const char *variable, const char *key, size_t *ret_len);

/* expand.c: replace $(NAME), and $$ by $. find gives a name's value, NULL: it stays as it is. The
 * caller frees. NULL if it would be larger than max bytes, or without memory. Source:
 * k8s.io/kubernetes, third_party/forked/golang/expansion. */
char *expand_text(const char *text, const char *(*find)(void *ctx, const char *name), void *ctx,
		  size_t max);

/* env.c: a container's variables as {NAME: VALUE}. The caller puts it; NULL with err filled. */
struct json_object *env_of(const struct pod *p, const struct container *c, struct error *err);
/* A text in which $(NAME) stands for one of them; the caller frees. */
char *env_expand(struct json_object *env, const char *text, struct error *err);
/* The environment for srun, with which the container gets these, and the value of --container-env;
 * images_own: and runs what the image says. Ends in NULL. The caller frees all with env_free(). */
char **env_for_srun(struct json_object *env, bool images_own, struct error *err);
void env_free(char ***env);

/* folders.c: on this node, memory and disk. First their name; then they are made, which fails if
 * somebody has made them; held, so that nobody sweeps them away while this process runs; removed.
 * Each returns 0, or -1 with err filled. */
int folders_name(struct pod *p, struct error *err);
int folders_make(const struct pod *p, struct error *err);
bool folders_made(const struct pod *p); /* by another node of this job on the same machine */
int folders_hold(struct pod *p, struct error *err);
int folders_remove(const struct pod *p, struct error *err);

/* volumes.c: those and what is in them. */
int volumes_make(struct pod *p, struct error *err);
/* The path of a volume. Returns 0, or -1 with err filled. */
int volumes_path(const struct pod *p, const char *name, char dest[PATH_MAX], struct error *err);
/* The file with a container's termination message. */
void volumes_message(const struct pod *p, const char *container, char dest[PATH_MAX]);

/* mounts.c: the value of --container-mounts; the caller frees. */
char *mounts_of(const struct pod *p, const struct container *c, struct error *err);

/* step.c: start a container. Returns srun's process, or -1 with err filled. */
pid_t step_start(struct pod *p, struct container *c, struct error *err);
/* The same program on each node of the job, with what was taken out of the environment; waits for
 * it. */
int step_everywhere(struct pod *p, const char *option, struct error *err);
/* Send SIGTERM to what the steps run; end the steps. */
void step_terminate(void);
void step_kill(const struct container *c);

/* run.c: returns the exit status of the pod's job. */
int run(struct pod *p);

/* report.c: write the report. A container's own message. */
void report(const struct pod *p, bool final);
void report_message(struct pod *p, struct container *c);

static inline int64_t monotonic_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

#endif
