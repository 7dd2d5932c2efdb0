/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sbatch's options as fields of a SlurmJob's spec, wherever they stand. Source: sbatch(1) of
 * Slurm 22.05 to 25.05. */
#ifndef KUBECTL_SLURM_SBATCH_H
#define KUBECTL_SLURM_SBATCH_H

#include <json-c/json.h>

#include "contrib/kubectl-slurm/options.h"

/* What is made of a value. */
enum kind {
	KIND_TEXT,
	KIND_NUMBER,
	KIND_NICE,
	KIND_YES,
	KIND_NO,
	KIND_GPUS,
	KIND_MOUNTS,
	KIND_NAMES, /* [{"name": ..}] */
	KIND_LIST,
	KIND_EXPORT,
	KIND_JOB_NAME,
	KIND_MODE, /* append, truncate */
	KIND_CLUSTER,
	/* No field of spec: */
	KIND_SCRIPT,  /* sbatch reads it from the script, when the agent submits that */
	KIND_NOWHERE, /* it can't be had; field says what to do in place of it */
	KIND_WRAP,
	KIND_WAIT,
	KIND_NOTHING, /* asks for what is so anyway */
};

extern const struct option sbatch_options[];

struct sbatch {
	struct json_object *spec;
	const char *file; /* for messages; NULL: the command line */
	unsigned line;	  /* of the script */
	const char *wrap; /* of --wrap; the command line's */
	char *job_name;	  /* the caller's */
	bool waits;
	bool hetjob; /* only for sbatch_read(): behind "#SBATCH hetjob", options are other
			components' */
};

/* Set in spec what this option says. Returns 0, or -1 with err filled. */
int sbatch_set(struct sbatch *s, const struct option *o, const char *value, struct error *err);

/* Set what the #SBATCH lines of a script say, and check that it is one: #! at its start, no NUL,
 * UTF-8, Unix line ends. */
int sbatch_read(struct sbatch *s, const char *script, size_t len, struct error *err);

/* Add to spec, which the command line made, what the script's lines say and it doesn't. */
void sbatch_merge(struct json_object *spec, struct json_object *lines);

#endif
