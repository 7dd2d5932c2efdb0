/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sbatch's words mean. Pure.
 * Source: src/common/slurm_errno.c and src/sbatch of Slurm 22.05 to 24.11. */
#ifndef AGENT_SUBMIT_WORDS_H
#define AGENT_SUBMIT_WORDS_H

#include <json-c/json.h>
#include <stddef.h>

enum words_meaning {
	WORDS_REFUSED, /* Slurm said no */
	WORDS_LOST,    /* it isn't known whether Slurm has the job: look, then ask again */
	WORDS_TWICE,   /* job_submit_kube has seen this very submission before: look for its job */
};

/* Read what sbatch wrote to its standard error, and put into buf a text for people: the field of
 * spec that it is about, if one is and spec has it, and Slurm's words without "sbatch: error:". */
enum words_meaning words_read(const char *text, struct json_object *spec, char *buf, size_t size);

#endif
