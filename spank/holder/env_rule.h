/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which variables a task gets set in a container. Strongest first: what --container-env=NAME=VALUE
 * says; the job's variables that describe the step and the person in it (Slurm's and PMI's, devices
 * given to the step, HOME, USER, LOGNAME, TMPDIR), that tune MPI, and those that
 * --container-env=NAME lists; the image's; all else of the job's. */
#ifndef SPANK_HOLDER_ENV_RULE_H
#define SPANK_HOLDER_ENV_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"
#include "common/error.h"

/* May this "NAME=value" of the image be set, whatever the job has? The job's variables are those of
 * this process. Text without a name is never taken. */
bool env_rule_takes(const char *assignment);

/* Add to b the assignments that have to be made, each with its NUL: those of the image that the
 * rule lets through, then those that options (the value of --container-env, or NULL) makes. image:
 * ends in NULL, or NULL. A name that options lists and the job doesn't have is taken from the
 * image. Returns 0, or -1 with err filled (more than b holds). */
int env_rule_merge(char *const *image, const char *options, struct buffer *b, struct error *err);

#endif
