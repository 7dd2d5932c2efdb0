/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/slurm/partition.h"

#include <stdlib.h>

static void sums_free(struct node_sums *sums)
{
	tally_free(&sums->states);
	tally_free(&sums->gres);
	tally_free(&sums->gres_up);
	tally_free(&sums->features);
}

static void partition_free(struct partition *p)
{
	free(p->name);
	free(p->node_list);
	free(p->tres);
	free(p->qos);
	free(p->alternate);
	free(p->allow_accounts);
	free(p->deny_accounts);
	free(p->allow_groups);
	free(p->allow_qos);
	free(p->deny_qos);
	free(p->allow_nodes);
	sums_free(&p->sums);
}

void partition_list_free(struct partition_list *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->n; i++)
		partition_free(&list->rows[i]);
	sums_free(&list->all);
	tally_free(&list->licenses);
	free(list->version);
	free(list->controllers);
	free(list);
}
