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

/* Likewise: Slurm's own words for a state ("RUNNING") and a reason ("Resources"); static strings. */
extern char *slurm_job_state_string(uint32_t state);
#if SLURM_AT_LEAST(23, 2, 0)
extern const char *slurm_job_state_reason_string(enum job_state_reason reason);
#define compat_reason_string(reason) slurm_job_state_reason_string(reason)
#else
extern char *slurm_job_reason_string(enum job_state_reason reason);
#define compat_reason_string(reason) slurm_job_reason_string(reason)
#endif

#endif
