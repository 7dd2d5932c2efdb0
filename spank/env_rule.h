/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the image's environment variables a task gets. */
#ifndef SPANK_ENV_RULE_H
#define SPANK_ENV_RULE_H

#include <stdbool.h>
#include <stddef.h>

/* May this "NAME=value" of the image replace the job's variable? The image wins, except over what
 * describes the step and the person in it: Slurm's and PMI's variables, devices given to the step,
 * HOME, USER, LOGNAME and TMPDIR. Text without a name is never taken. */
bool env_rule_takes(const char *assignment);

/* Split "NAME=value": copies the name. Returns the value inside assignment, or NULL if there is no
 * '=' or the name doesn't fit. */
const char *env_rule_split(const char *assignment, char *name, size_t size);

#endif
