/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/metrics/census.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "sync-agent/metrics/metrics.h"

#define STATES_MAX 64 /* Slurm has some 20 words */

struct cell {
	char key[88]; /* "STATE PARTITION", cut */
	census_cell number;
	uint32_t n;
	UT_hash_handle hh;
};

static struct cell *by_key;
static struct cell *by_number[CENSUS_MAX + STATES_MAX + 1];
static census_cell last;

static struct cell *find_or_add(const char *key, census_cell limit)
{
	struct cell *c;

	HASH_FIND_STR(by_key, key, c);
	if (c || last >= limit || !(c = calloc(1, sizeof(*c))))
		return c;
	snprintf(c->key, sizeof(c->key), "%s", key);
	c->number = ++last;
	by_number[c->number] = c;
	HASH_ADD_STR(by_key, key, c);
	return c;
}

census_cell census_move(census_cell from, const char *state, const char *partition)
{
	int name = partition ? (int)strcspn(partition, ",") : 0;
	struct cell *c = NULL;
	char key[sizeof(c->key)];

	if (from)
		by_number[from]->n--;
	if (!state || !state[0])
		return 0;
	snprintf(key, sizeof(key), "%.23s %.*s", state, name, partition ? partition : "");
	c = find_or_add(key, CENSUS_MAX);
	if (!c) {
		snprintf(key, sizeof(key), "%.23s other", state);
		c = find_or_add(key, CENSUS_MAX + STATES_MAX);
	}
	if (!c)
		return 0;
	c->n++;
	return c->number;
}

void census_text(struct buffer *to)
{
	metrics_text_family(to, "slurm_kube_jobs", "gauge",
			    "SlurmJob objects by the state and partition of their job.");
	for (census_cell i = 1; i <= last; i++) {
		const char *space = strchr(by_number[i]->key, ' ');
		char partition[2 * sizeof(by_number[i]->key)];

		metrics_text_escape(partition, sizeof(partition), space + 1);
		buffer_printf(to, "slurm_kube_jobs{state=\"%.*s\",partition=\"%s\"} %u\n",
			      (int)(space - by_number[i]->key), by_number[i]->key, partition,
			      by_number[i]->n);
	}
}
