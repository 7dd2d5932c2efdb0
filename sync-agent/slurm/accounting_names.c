/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/slurm/accounting_names.h"

#include <slurm/slurmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/slurm_compat.h"
#include "sync-agent/clock.h"

#define LOAD_EVERY (600 * INT64_C(1000000))

struct name {
	uint32_t id;
	char *text;
};

struct names {
	size_t n;
	struct name *list;
};

static struct names all_tres, all_qos;
static int64_t loaded_at;

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->list[i].text);
	free(names->list);
	*names = (struct names){ 0 };
}

static void add(struct names *names, uint32_t id, const char *type, const char *name)
{
	char text[256];

	if (!type)
		return;
	snprintf(text, sizeof(text), "%s%s%s", type, name && name[0] ? "/" : "", name ? name : "");
	names->list[names->n] = (struct name){ id, strdup(text) };
	names->n += names->list[names->n].text != NULL;
}

/* Replace the names by those of the records in list, which is freed. */
static void replace(struct names *names, List list, void (*add_record)(struct names *, void *))
{
	ListIterator it = list ? slurm_list_iterator_create(list) : NULL;
	void *record;

	if (!it)
		return;
	names_free(names);
	names->list = calloc((size_t)slurm_list_count(list) + 1, sizeof(*names->list));
	while (names->list && (record = slurm_list_next(it)))
		add_record(names, record);
	slurm_list_iterator_destroy(it);
	slurm_list_destroy(list);
}

static void add_tres(struct names *names, void *record)
{
	const slurmdb_tres_rec_t *tres = record;

	add(names, tres->id, tres->type, tres->name);
}

static void add_qos(struct names *names, void *record)
{
	const slurmdb_qos_rec_t *qos = record;

	add(names, qos->id, qos->name, NULL);
}

void accounting_names_load(void *connection)
{
	slurmdb_tres_cond_t tres = { .count = NO_VAL };
	slurmdb_qos_cond_t qos = { 0 };

	if (loaded_at && clock_us() - loaded_at < LOAD_EVERY)
		return;
	replace(&all_tres, slurmdb_tres_get(connection, &tres), add_tres);
	replace(&all_qos, slurmdb_qos_get(connection, &qos), add_qos);
	loaded_at = clock_us();
}

static const char *find(const struct names *names, uint32_t id)
{
	for (size_t i = 0; i < names->n; i++)
		if (names->list[i].id == id)
			return names->list[i].text;
	return NULL;
}

const char *accounting_tres_name(uint32_t id)
{
	return find(&all_tres, id);
}

const char *accounting_qos_name(uint32_t id)
{
	return find(&all_qos, id);
}
