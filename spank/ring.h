/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling the agent where jobs and steps begin and end. */
#ifndef SPANK_RING_H
#define SPANK_RING_H

#include <slurm/spank.h>
#include <stdint.h>

#include "spank/config.h"

struct ring_step {
	enum doorbell_kind kind; /* DOORBELL_STEP_START or _END */
	const char *image;	 /* NULL if there is no container; may have a digest at its end */
	const char *digest;	 /* of an image that was found on the node, "" if not known */
	int exit_code;
	uint32_t startup_us;
};

/* In slurmstepd, of the step's first node; the others don't ring. */
void ring_step(spank_t sp, const struct spank_config *config, const struct ring_step *facts);

/* In the prolog's and epilog's process, of the job's first node. */
void ring_job(spank_t sp, const struct spank_config *config, enum doorbell_kind kind);

#endif
