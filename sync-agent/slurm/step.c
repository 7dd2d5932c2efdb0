/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/slurm/step.h"

#include <stdio.h>
#include <stdlib.h>

/* Slurm's numbers of steps that have none. Source: slurm.h, SLURM_BATCH_SCRIPT and its neighbours. */
static const char *special(uint32_t number)
{
	switch (number) {
	case 0xfffffffa:
		return "interactive";
	case 0xfffffffb:
		return "batch";
	case 0xfffffffc:
		return "extern";
	default:
		return NULL;
	}
}

void step_id(const struct step *s, char buf[STEP_ID_SIZE])
{
	char number[16], task[16] = "", offset[16] = "";

	snprintf(number, sizeof(number), "%u", s->number);
	if (s->array_id)
		snprintf(task, sizeof(task), "%u.", s->array_task);
	if (s->het_offset != STEP_NO_HET)
		snprintf(offset, sizeof(offset), "+%u", s->het_offset);
	snprintf(buf, STEP_ID_SIZE, "%s%s%s", task,
		 special(s->number) ? special(s->number) : number, offset);
}

void step_free(struct step *s)
{
	free(s->name);
	free(s->node_list);
	free(s->container);
	free(s->digest);
	free(s->out);
	free(s->err);
	free(s->folder);
	*s = (struct step){ 0 };
}

void step_list_free(struct step_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		step_free(&l->list[i]);
	free(l->list);
	*l = (struct step_list){ 0 };
}

void usage_free(struct usage *u)
{
	free(u->tres);
	*u = (struct usage){ 0 };
}
