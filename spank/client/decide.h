/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which container a job or step gets, and with which options: from the command line, the input
 * variables, and the job that we may be in. Pure: nothing of the process is read or changed.
 *
 *  - sbatch and salloc start from nothing: input variables, then script lines and command line.
 *  - srun inside a containerised job, without an image or with the job's own: the job's image (with
 *    its digest) and options, then those input variables that changed since the job was submitted,
 *    then the command line. --container-save was meant for the batch script and is not inherited;
 *    a name is, but not its create, exec and the like.
 *  - srun with another image: from nothing.
 *
 * Lists (mounts, environment, devices) grow with each of these, all else is replaced. */
#ifndef SPANK_CLIENT_DECIDE_H
#define SPANK_CLIENT_DECIDE_H

#include <stdbool.h>

#include "common/container_options.h"
#include "common/error.h"

#define CLIENT_IMAGE_VARIABLE "SLURM_KUBE_CONTAINER_IMAGE"

enum client_tool { CLIENT_SRUN, CLIENT_SBATCH, CLIENT_SALLOC };

/* An image and options, of whatever source. What is in it belongs to it. */
struct client_wish {
	char *image; /* NULL: none */
	struct container_options options;
};
void client_wish_free(struct client_wish *wish);
#define _cleanup_wish_ _cleanup_(client_wish_free)

struct client_inputs {
	enum client_tool tool;
	const struct client_wish
		*asked;		     /* command line and script lines; image: --container-image */
	const char *container;	     /* what --container became, or NULL */
	bool container_by_variable;  /* and that came from SRUN_CONTAINER or the like */
	const char *job_image;	     /* of the job we are in: SLURM_CONTAINER, or NULL */
	const char *job_options;     /* SLURM_KUBE_OPTIONS, or NULL */
	const char *job_input;	     /* the input variables when it was submitted, or NULL */
	const char *job_input_image; /* and that of the image */
	const char *(*variable)(const char *name); /* an input variable's value; NULL: not set */
};

struct client_decision {
	struct client_wish wish; /* neither image nor name: no container */
	bool inherited;		 /* the image is the job's */
	struct client_wish
		input; /* the input variables, for steps to compare with; not the image */
};
void client_decision_free(struct client_decision *decision);
#define _cleanup_decision_ _cleanup_(client_decision_free)

/* Returns 0, or -1 with err filled, which names the option or variable at fault. ret: set on
 * success, the caller frees it. */
int client_decide(const struct client_inputs *in, struct client_decision *ret, struct error *err);

/* Whether it is a container at all: it has an image or a name. */
bool client_wish_is_container(const struct client_wish *wish);

/* Whether nothing is in it. */
bool client_wish_is_empty(const struct client_wish *wish);

#endif
