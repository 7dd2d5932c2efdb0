/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the runs of a job that was requeued end in its output. Slurm keeps one file for all runs
 * and says nothing of where one begins, so the files are measured while the job waits to be run
 * again. What was found is kept on the SlurmJob, which outlives agents and pods. Pure. */
#ifndef AGENT_MIRROR_LOG_MARKS_H
#define AGENT_MIRROR_LOG_MARKS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

/* On a SlurmJob, JSON: the latest runs that have ended, {"restarts": the job's number of restarts
 * when it was measured, "at": seconds since 1970, "stdout": MARK, "stderr": MARK}, the last one
 * last. A MARK is what measure_file() makes (kubelet/measure.h); empty where there was no file. */
#define LOG_MARKS "slurm-kube.io/log-marks"

/* What is to be measured now, {"uid", "restarts", "stdout": PATH, "stderr": PATH, "runs": those
 * that have a mark}: the job waits to be run again and its files have no mark of the run before. A
 * new object, or NULL: nothing is. */
struct json_object *log_marks_wanted(struct json_object *slurmjob);

/* The value of LOG_MARKS with what was measured; the caller frees it. NULL: it isn't what is
 * wanted. */
char *log_marks_add(struct json_object *wanted, struct json_object *measured);

/* A part of a file: from the end of one run to the end of another. */
struct log_part {
	struct json_object *from; /* a mark; NULL: from the start */
	struct json_object *to;	  /* a mark; NULL: to the end */
	bool sure;		  /* the job appends, as its spec says: from is right if it fits */
};

/* The part that is to be shown of the file of that run: of the run before (previous), or of this
 * one. Returns 0, or -1 with err filled, its code is HTTP's status: there is no run before, or
 * where it ends isn't known. log_part_free() in any case. */
int log_marks_part(struct json_object *slurmjob, bool is_stderr, bool previous,
		   struct log_part *ret, struct error *err);

void log_part_free(struct log_part *p);

#endif
