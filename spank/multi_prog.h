/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling srun --multi-prog, of which no SPANK item speaks. */
#ifndef SPANK_MULTI_PROG_H
#define SPANK_MULTI_PROG_H

#include <stdbool.h>

/* Is this a step's argv of srun --multi-prog? Then argv[1] is the text of its configuration: each
 * line that isn't empty or a comment begins with task numbers ("0", "1-3,7", "*") and a program. */
bool multi_prog_is(int argc, char *const argv[]);

#endif
