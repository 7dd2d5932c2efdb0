/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slurm's commands in a container (--container-slurm), whatever C library the image has. The host's
 * /usr is shown below SLURM_COMMANDS; each command there is a link to a small static program
 * (spank/command) that starts the host's by the host's own loader. What they read (configuration,
 * plugins, munge's socket) is shown at the same paths as on the host. */
#ifndef SPANK_HOLDER_SLURM_COMMANDS_H
#define SPANK_HOLDER_SLURM_COMMANDS_H

#include "common/error.h"
#include "spank/holder/bundle.h"
#include "spank/holder/request.h"
#include "spank/holder/skeleton.h"

#define SLURM_COMMANDS "/run/slurm-kube"
#define SLURM_COMMANDS_BIN SLURM_COMMANDS "/bin"
#define SLURM_COMMANDS_USR SLURM_COMMANDS "/usr"
#define SLURM_COMMANDS_LOADER SLURM_COMMANDS "/loader"
#define SLURM_COMMANDS_PROGRAM SLURM_COMMANDS "/command"

/* If r asks for them: add to b the mounts and to its PATH the folder, and set b->slurm_loader.
 * Returns 0, or -1 with err filled. */
int slurm_commands_apply(const struct request *r, struct bundle *b, struct error *err);

/* Make the links. Returns 0, or -1 with err filled. */
int slurm_commands_link(const struct skeleton *s, const struct bundle *b, struct error *err);

#endif
