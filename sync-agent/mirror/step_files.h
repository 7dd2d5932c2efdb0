/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that are a step's own: those that srun was given with --output and --error. What other
 * steps write is in their job's output. */
#ifndef AGENT_MIRROR_STEP_FILES_H
#define AGENT_MIRROR_STEP_FILES_H

#include <json-c/json.h>
#include <stdbool.h>

#include "common/error.h"
#include "sync-agent/mirror/output.h"
#include "sync-agent/slurm/step.h"

#define STEP_FILES_PATH 4096

/* What patterns and relative paths need of the step's job. NULL: not known. */
struct step_job {
	const char *name, *folder;
};

/* step's out and err, until now as srun was given them, become absolute paths; NULL where it is no
 * file of its own, or not known which, and err where it is the same as out. Output that is thrown
 * away is in /dev/null. %t, %n and %N stay in a path that is of a task or a node. Source: srun(1),
 * "filename pattern"; Slurm 22.05, srun/libsrun/fname.c. */
void step_files_settle(struct step *step, const struct step_job *job);

/* "step-3", "step-3-stderr"; of an array's task 7 "step-7-3". Returns false if that is no such
 * name. id, is_stderr: NULL, or set to the step's as status.steps has it. */
bool step_files_container(const char *name, char id[STEP_ID_SIZE], bool *is_stderr);

/* Which file is that container, as a SlurmJob's status.steps says? Of a file for each task or node
 * it is the first task's. Returns 0 with ret filled, or -1 with err, whose code is HTTP's status.
 */
int step_files_find(struct json_object *slurmjob, const char *container, struct output *ret,
		    struct error *err);

/* Has the step of that container ended, as steps (status.steps) says? */
bool step_files_ended(struct json_object *steps, const char *container);

#endif
