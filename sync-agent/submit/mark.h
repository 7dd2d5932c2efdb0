/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The annotation that is put on an object before sbatch is run, so that an agent that is started anew
 * knows that there may be a job already. Pure. */
#ifndef AGENT_SUBMIT_MARK_H
#define AGENT_SUBMIT_MARK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define MARK_ANNOTATION "slurm-kube.io/submission"
#define MARK_SIZE 64

struct mark {
	int64_t generation; /* of the spec that is submitted; 0: there is no mark */
	time_t when;
};

/* "GENERATION TIME" */
void mark_format(const struct mark *mark, char buf[MARK_SIZE]);

/* What is no mark gives one of generation 0. text may be NULL. */
struct mark mark_parse(const char *text);

#endif
