/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a job's output is: the patterns of sbatch, and what a SlurmJob says of it. */
#ifndef AGENT_MIRROR_OUTPUT_H
#define AGENT_MIRROR_OUTPUT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/error.h"

/* What the patterns stand for. */
struct output_names {
	uint32_t job_id;
	uint32_t array_id;   /* 0: of no array */
	uint32_t array_task; /* of an array */
	bool no_job_id;	     /* it isn't known: %j, %J stay as they are */
	const char *job_name, *user;
	const char *node; /* the first one's; NULL: not known yet, %N stays as it is */
};

/* The file of a batch job whose --output or --error is pattern, as slurmd makes its name. The
 * caller frees it; NULL without memory. Source: sbatch(1), "filename pattern"; Slurm 22.05,
 * slurmstepd/fname.c. */
char *output_expand(const char *pattern, const struct output_names *names);

/* Adds what %c is, as wide as that; false: it is nothing, and stays as it is. */
typedef bool output_value(struct buffer *b, char c, int width, const void *names);

/* The same for another program's patterns. */
char *output_expand_by(const char *pattern, output_value *value, const void *names);

enum output_state { OUTPUT_PENDING, OUTPUT_RUNNING, OUTPUT_ENDED };

struct output {
	char *path; /* absolute; freed by output_free() */
	uint32_t uid;
	bool is_stderr; /* standard error, where that is another file */
	bool is_step;	/* a step's own file */
	enum output_state state;
	int64_t started; /* seconds since 1970, 0: not yet */
};

/* What a pod's container of that name is, in the SlurmJob: as companions' containers are named
 * (companion_container()), of an array stdout and stderr of the task that was started last; stderr-7, the
 * stderr of an array's task 7; and a step's (step_files.h).
 * Returns 0, or -1 with err filled; its code is HTTP's status. */
int output_find(struct json_object *slurmjob, const char *container, struct output *ret,
		struct error *err);

/* The array's task that a container of that name is of; -1: of none. */
int64_t output_task(const char *container);

/* Is it among indexes ("0-9,12"; NULL: none)? */
bool output_task_in(const char *indexes, int64_t task);

const char *output_state_name(enum output_state state);

void output_free(struct output *o);

#endif
