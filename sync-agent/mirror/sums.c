/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/sums.h"

#include <inttypes.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/slurm/job.h"

#define WORDS_MOST 1000 /* of a list such as the allowed accounts */

void sums_set_text(struct json_object *o, const char *key, const char *value, size_t max)
{
	if (value[0])
		json_object_object_add(o, key, text_json(value, max));
}

void sums_set_number(struct json_object *o, const char *key, uint64_t value)
{
	if (value < JOB_NONE)
		json_set_int(o, key, value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

void sums_set_time(struct json_object *o, const char *key, time_t when)
{
	char text[TIME_SIZE];

	text_time(when, text);
	json_set_string(o, key, text);
}

void sums_set_words(struct json_object *o, const char *key, const char *text)
{
	_cleanup_free_ char *copy = strdup(text);
	char *rest = copy, *word;
	struct json_object *list;

	if (!copy || !text[0])
		return;
	list = json_object_new_array();
	while ((word = strsep(&rest, ",")) && json_object_array_length(list) < WORDS_MOST)
		if (word[0])
			json_object_array_add(list, text_json(word, TEXT_MAX));
	json_object_object_add(o, key, list);
}

static void add(struct json_object *o, const char *key, struct json_object *part)
{
	if (json_object_object_length(part))
		json_object_object_add(o, key, part);
	else
		json_object_put(part);
}

struct json_object *sums_by_name(const struct tally *t)
{
	struct json_object *o = json_object_new_object();

	for (size_t i = 0; i < t->n; i++)
		json_set_int(o, t->rows[i].name, (int64_t)t->rows[i].total);
	return o;
}

/* As sinfo shows it: allocated/idle/other/total. */
static struct json_object *counts(uint64_t allocated, uint64_t idle, uint64_t other, uint64_t total)
{
	struct json_object *o = json_object_new_object();
	char summary[100];

	snprintf(summary, sizeof(summary), "%" PRIu64 "/%" PRIu64 "/%" PRIu64 "/%" PRIu64,
		 allocated, idle, other, total);
	json_set_string(o, "summary", summary);
	sums_set_number(o, "allocated", allocated);
	sums_set_number(o, "idle", idle);
	sums_set_number(o, "other", other);
	sums_set_number(o, "total", total);
	return o;
}

static struct json_object *gres(const struct tally *t)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < t->n; i++) {
		struct json_object *row = json_object_new_object();

		json_object_object_add(row, "name", text_json(t->rows[i].name, TALLY_NAME));
		sums_set_number(row, "total", t->rows[i].total);
		sums_set_number(row, "used", t->rows[i].used);
		json_object_array_add(list, row);
	}
	return list;
}

static struct json_object *features(const struct tally *t)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < t->n; i++)
		json_object_array_add(list, text_json(t->rows[i].name, TALLY_NAME));
	return list;
}

static void set_list(struct json_object *o, const char *key, struct json_object *list)
{
	if (json_object_array_length(list))
		json_object_object_add(o, key, list);
	else
		json_object_put(list);
}

void sums_set(struct json_object *o, const struct node_sums *s)
{
	struct json_object *nodes =
		counts(s->nodes_allocated, s->nodes_idle, s->nodes_other, s->nodes_total);
	struct json_object *memory = json_object_new_object();

	sums_set_number(nodes, "up", s->nodes_up);
	add(nodes, "byState", sums_by_name(&s->states));
	json_object_object_add(o, "nodes", nodes);
	json_object_object_add(
		o, "cpus", counts(s->cpus_allocated, s->cpus_idle, s->cpus_other, s->cpus_total));
	sums_set_number(memory, "allocated", s->memory_allocated);
	sums_set_number(memory, "total", s->memory_total);
	json_object_object_add(o, "memory", memory);
	set_list(o, "gres", gres(&s->gres));
	set_list(o, "features", features(&s->features));
}
