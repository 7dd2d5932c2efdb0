/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a catalog remembers of one object: catalog.c keeps it, catalog_write.c writes what differs.
 */
#ifndef AGENT_CATALOG_CARD_H
#define AGENT_CATALOG_CARD_H

#include <uthash.h>

#include "sync-agent/catalog.h"

struct card {
	char *key;
	UT_hash_handle hh;
	struct catalog *catalog;

	char *name;
	/* The object as the API server has it; uid is NULL if there is none. */
	char *version, *uid;
	struct json_object *status;
	uint64_t hash;
	char *surplus, *surplus_uid; /* a second object for the same, NULL if there is none */
	bool listed;		     /* seen in the list that is being read */

	struct json_object *wanted; /* status; NULL: there is to be no object */
	uint64_t wanted_hash;
	bool mentioned;

	bool in_flight;
	bool removing_surplus;
	bool hashed; /* the plain name is taken */
	unsigned tries;
	int64_t not_before, next_status;
};

/* Set a text: the old one is freed, the new one copied; NULL empties it. */
void card_set(char **to, const char *text);

/* The name that its object gets; the caller frees it. NULL without memory. */
char *card_name(const struct catalog *c, const struct card *card);

/* The card of an object of ours, made if add says so; NULL for those of other clusters. */
struct card *card_of(struct catalog *c, struct json_object *object, bool add);

void card_take_object(struct card *card, struct json_object *object);

/* It is gone; version is its last one if that is known. */
void card_forget_object(struct card *card, const char *version);

/* Remove and free; nothing of it may be under way. */
void card_drop(struct catalog *c, struct card *card);

/* Start what it needs now. Returns the monotonic time to be called again. */
int64_t card_advance(struct catalog *c, struct card *card, int64_t now);

#endif
