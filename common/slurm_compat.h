/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slurm's ABI from 22.05 on: every difference between releases is here and nowhere else. */
#ifndef COMMON_SLURM_COMPAT_H
#define COMMON_SLURM_COMPAT_H

#include <slurm/slurm.h>
#include <slurm/slurm_errno.h>
#include <stdbool.h>
#include <stdlib.h>

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

/* Likewise: a node's state ("IDLE", "DRAINED*") and a mode of preemption ("REQUEUE"); static strings. */
extern char *slurm_node_state_string(uint32_t state);
extern const char *slurm_preempt_mode_string(uint16_t mode);

/* What jobs have of a node. Memory is in megabytes. */
static inline uint16_t compat_node_alloc_cpus(const node_info_t *node)
{
#if SLURM_AT_LEAST(25, 5, 0)
	return node->alloc_cpus;
#else
	uint16_t cpus = 0;

	slurm_get_select_nodeinfo(node->select_nodeinfo, SELECT_NODEDATA_SUBCNT,
				  NODE_STATE_ALLOCATED, &cpus);
	return cpus;
#endif
}

static inline uint64_t compat_node_alloc_memory(const node_info_t *node)
{
#if SLURM_AT_LEAST(25, 5, 0)
	return node->alloc_memory;
#else
	uint64_t memory = 0;

	slurm_get_select_nodeinfo(node->select_nodeinfo, SELECT_NODEDATA_MEM_ALLOC,
				  NODE_STATE_ALLOCATED, &memory);
	return memory;
#endif
}

/* Make *item count * size bytes long, cleared where it is new. With may_fail it returns NULL and leaves
 * *item alone when memory is short; without it, and in slurm_xstrdup(), the daemon is aborted. */
extern void *slurm_xrecalloc(void **item, size_t count, size_t size, bool clear, bool may_fail,
			     const char *file, int line, const char *function);

/* A point of time as sbatch --begin takes it ("2030-06-01T18:00:00", "tomorrow", "now+2hours"); 0 if it is
 * none, of which the library also tells standard error. */
extern time_t slurm_parse_time(const char *text, int past);
#define compat_parse_time(text) slurm_parse_time(text, 0)

/* A text of a step's record, slurmctld's or slurmdbd's, that there is since 25.05: cwd, std_out, std_err. */
#if SLURM_AT_LEAST(25, 5, 0)
#define COMPAT_STEP_TEXT(record, field) ((record)->field)
#else
#define COMPAT_STEP_TEXT(record, field) NULL
#endif

/* How --gres is written among --tres-per-node. */
#if SLURM_AT_LEAST(23, 11, 0)
#define COMPAT_GRES_PREFIX "gres/"
#else
#define COMPAT_GRES_PREFIX "gres:"
#endif

/* The daemon's own configuration, for its plugins: of the same build as the header, or the daemon
 * wouldn't have loaded them. Its address is NULL where there is none. */
extern slurm_conf_t slurm_conf __attribute__((weak));

/* The job that an update is for, an array's own id for one of its tasks; 0 if it names none. */
static inline uint32_t compat_desc_job_id(const job_desc_msg_t *desc)
{
	if (desc->job_id_str)
		return (uint32_t)strtoul(desc->job_id_str, NULL, 10);
#if SLURM_AT_LEAST(25, 11, 0)
	return desc->step_id.job_id == NO_VAL ? 0 : desc->step_id.job_id;
#else
	return desc->job_id == NO_VAL ? 0 : desc->job_id;
#endif
}

#endif
