/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each question of the agent to Slurm as calls of libslurm, which block. For slurm/thread.c alone. */
#ifndef AGENT_SLURM_ASK_H
#define AGENT_SLURM_ASK_H

#include <pthread.h>

#include "sync-agent/slurm/partitions.h"
#include "sync-agent/slurm/seen.h"
#include "sync-agent/slurm/thread.h"

struct question {
	struct question *next;
	enum slurm_ask ask;
	uint32_t job_id;
	bool force;
	time_t from, to;
	char uid[37], user[65]; /* ASK_STAMP */
	time_t since;
};

/* What is known from one question to the next. */
struct slurm_memory {
	pthread_mutex_t lock; /* of seen: questions about one job may be asked at the same time as another one */
	struct seen seen;
	time_t last_update, last_steps_update;
	struct partitions partitions;
};

/* Ask, and put what comes back, or why nothing does, into r: all but its times. Not for ASK_PAST, of which many are
 * one question to slurmdbd. */
void slurm_answer(struct slurm_memory *m, const struct question *q, struct slurm_result *r);

void slurm_memory_init(struct slurm_memory *m);
void slurm_memory_free(struct slurm_memory *m);

#endif
