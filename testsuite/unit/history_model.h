/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small API server with one SlurmJob and a small slurmctld with its job, both of which users and chance
 * change. For the generator test of edits. */
#ifndef HISTORY_MODEL_H
#define HISTORY_MODEL_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A field, what users write into spec ("null": they take it out), what happens to it in Slurm. */
struct model_field {
	const char *name;
	const char *edits[8];
	const char *values[4];
};

extern const struct model_field model[];
extern const size_t n_model;

struct world {
	uint64_t seed, random;
	/* The API server. */
	struct json_object *spec, *current, *sending, *editors; /* editors: field: manager */
	int version, generation, observed;
	/* Slurm: truth has no field that it doesn't tell. */
	struct json_object *truth;
	int64_t priority, restarts;
	char requeued[32]; /* the latest wish that it has followed */
	bool ended;
};

void world_begin(struct world *w, uint64_t seed);
void world_end(struct world *w);

/* A number below n. */
unsigned dice(struct world *w, unsigned n);
/* One of a list of JSON texts, parsed; NULL for "null". A new reference. */
struct json_object *any_of(struct world *w, const char *const *texts, size_t max);

/* The whole object as the API server gives it. A new reference. */
struct json_object *world_object(const struct world *w);

/* A user edits one field. Returns which; *value borrows what he wrote, NULL if he took it out. */
const struct model_field *world_user_edits(struct world *w, struct json_object **value);

/* Something changes in Slurm. */
void world_slurm_changes(struct world *w);

/* Slurm is asked for one field's edit. Returns NULL, or its words. */
const char *world_slurm_asked(struct world *w, const char *name, struct json_object *value);

/* Members of JSON objects: set (NULL takes it out), and what is there. */
void put(struct json_object *o, const char *name, struct json_object *value);
struct json_object *at(struct json_object *o, const char *name);
struct json_object *copy(struct json_object *o);
void set(struct json_object **to, struct json_object *value);

/* Do two values of a field mean the same? */
bool same(const char *name, struct json_object *a, struct json_object *b);

#endif
