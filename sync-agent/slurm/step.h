/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps and what a job used, as plain data, free of libslurm. */
#ifndef AGENT_SLURM_STEP_H
#define AGENT_SLURM_STEP_H

#include <stdint.h>
#include <time.h>

#define STEP_NO_STATUS UINT32_MAX

/* What one source tells of a step. A text that it does not tell is NULL, a number or time 0. */
struct step {
	uint32_t job_id;     /* of its job, of an array's task or a het component its own */
	uint32_t array_id;   /* 0: not of an array */
	uint32_t array_task; /* if so */
	uint32_t het_offset; /* STEP_NO_HET: not of a heterogeneous step */
	uint32_t number;     /* Slurm's, with its special values for batch and the like */
	const char *state;   /* Slurm's word, static */
	char *name, *node_list, *container, *digest;
	/* Its own files: as srun was given them, by step_files_settle() as they are. NULL: none is known. */
	char *out, *err;
	char *folder;	  /* where srun was started; NULL: not told */
	const char *user; /* static; NULL: not told */
	uint64_t tasks, nodes;
	time_t start, end;
	uint32_t exit_status; /* as wait(2) has it; STEP_NO_STATUS: not told */
	uint32_t startup_us;
};

#define STEP_NO_HET UINT32_MAX

struct step_list {
	size_t n;
	struct step *list;
};

/* "0", "batch", "extern", "interactive"; of an array's task "7.0", of a component "0+1". */
#define STEP_ID_SIZE 40
void step_id(const struct step *s, char buf[STEP_ID_SIZE]);

void step_free(struct step *s);
void step_list_free(struct step_list *l);

/* What a job, all tasks of an array or all components used. */
struct usage {
	uint64_t elapsed, cpu_seconds; /* seconds */
	uint64_t user_us, system_us;   /* microseconds */
	uint64_t max_memory;           /* bytes; 0: not measured */
	uint64_t energy;               /* joules; 0: not measured */
	char *tres;                    /* "cpu=00:00:03,mem=6420K", NULL if not measured */
};

void usage_free(struct usage *u);

#endif
