/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a step's output was sent, from srun's command line as Slurm keeps it: its words, joined by
 * blanks. */
#ifndef AGENT_SLURM_SRUN_LINE_H
#define AGENT_SLURM_SRUN_LINE_H

#include "sync-agent/slurm/step.h"

/* What was given as --output and --error; NULL: nothing. The caller frees both. */
struct srun_line {
	char *output, *error;
};

/* Read the options that are srun's own, which end with the first word that is none. What was quoted
 * isn't known any more: a value with a blank in it ends the options, too. Returns 0; or -1, with
 * nothing in ret, if that is no line of srun's, its options are longer than 16 KiB, or it has an
 * option that isn't known and may have a value. Source: srun(1), Slurm 22.05 to 25.11. */
int srun_line_read(const char *line, struct srun_line *ret);

/* Note a step's output and error: as Slurm has them (NULL: it doesn't tell), else as the line says.
 */
void srun_line_note(struct step *step, const char *output, const char *error, const char *line);

#endif
