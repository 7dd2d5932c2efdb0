/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the --container-* options ask for, and the one text in which they travel.
 *
 * The clients (srun, sbatch, salloc) gather an option from its variable,
 * SLURM_KUBE_CONTAINER_MOUNTS and so on, and from the command line, and put all of them into the
 * variable SLURM_KUBE_OPTIONS of the job's or step's environment. That is the only place where
 * slurmstepd, the holder and job_submit_kube look. */
#ifndef COMMON_CONTAINER_OPTIONS_H
#define COMMON_CONTAINER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

#define CONTAINER_OPTIONS_VARIABLE "SLURM_KUBE_OPTIONS"
/* The client puts image and options into the job's control environment, too: slurmctld sees no
 * other of srun's and salloc's. */
#define CONTAINER_CONTROL_IMAGE "KUBE_CONTAINER"
#define CONTAINER_CONTROL_OPTIONS "KUBE_OPTIONS"
#define CONTAINER_OPTIONS_MAX (64 * 1024) /* bytes of that text */

enum container_option {
	CONTAINER_MOUNTS,     /* "SRC:DST[:FLAG+FLAG...],..." as in common/container_mount.h */
	CONTAINER_WORKDIR,    /* absolute path inside the container */
	CONTAINER_ENV,	      /* "NAME,NAME=VALUE,..." */
	CONTAINER_WRITABLE,   /* yes, no */
	CONTAINER_MOUNT_HOME, /* yes, no */
	CONTAINER_REMAP_ROOT, /* yes, no */
	CONTAINER_ENTRYPOINT, /* yes, no; command: what the image runs, in place of the program */
	CONTAINER_NAME,	      /* "NAME[:FLAG...]" */
	CONTAINER_SAVE,	      /* a path, or "oci:PATH[:TAG]" */
	CONTAINER_DEVICE,     /* "VENDOR/CLASS=NAME,..." */
	CONTAINER_SCOPE,      /* all, steps */
	CONTAINER_SLURM,      /* yes, no: Slurm's own commands inside */
	CONTAINER_OPTION_COUNT
};

/* Of CONTAINER_ENTRYPOINT. */
#define CONTAINER_COMMAND "command"

enum container_option_type {
	OPTION_TEXT,
	OPTION_PATH,
	OPTION_LIST,
	OPTION_TOGGLE,
	OPTION_SCOPE,
	OPTION_ENTRYPOINT, /* a toggle that can be "command", too */
};

/* An option's row: its word in the text that travels, its input variable, and its type. */
struct container_option_row {
	const char *key;
	const char *variable;
	enum container_option_type type;
};
extern const struct container_option_row container_option_rows[CONTAINER_OPTION_COUNT];

/* value[i]: NULL if not given; toggles hold "yes" or "no". */
struct container_options {
	char *value[CONTAINER_OPTION_COUNT];
};

/* Set one option. Lists grow by what is given (after a comma), all others are replaced. The value
 * is checked by its type; "1", "true", "on" and their opposites are taken for a toggle. Returns 0,
 * or -1 with err filled: the caller says where the value came from. */
int container_options_set(struct container_options *o, enum container_option option,
			  const char *value, struct error *err);

/* Whether a toggle is on; fallback if it wasn't given. */
bool container_options_on(const struct container_options *o, enum container_option option,
			  bool fallback);

/* Read the text that travels: "mounts=/a:/b&workdir=/w", with %XX for '%', '&' and control
 * characters. NULL and "" are no options. An unknown word is an error: a newer client asked for
 * something that this side can't do. ret must be empty. Returns 0, or -1 with err filled and ret
 * empty. */
int container_options_parse(const char *text, struct container_options *ret, struct error *err);

/* The text for o, which the caller frees; "" if nothing is set. NULL if memory is short or it would
 * be longer than CONTAINER_OPTIONS_MAX. */
char *container_options_format(const struct container_options *o);

void container_options_free(struct container_options *o);
#define _cleanup_container_options_ _cleanup_(container_options_free)

#endif
