/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slurm's ABI from 22.05 on: every difference between releases is here and nowhere else. */
#ifndef COMMON_SLURM_COMPAT_H
#define COMMON_SLURM_COMPAT_H

#include <slurm/slurm.h>
#include <slurm/slurm_errno.h>

#define SLURM_AT_LEAST(major, minor, micro) \
	(SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(major, minor, micro))

/* Exported by libslurm and the daemons since long ago, but in no public header. Slurm frees the
 * strings in a job description with its own allocator: only these may make them. */
extern char *slurm_xstrdup(const char *text);
extern void slurm_xfree(void **item);

#endif
