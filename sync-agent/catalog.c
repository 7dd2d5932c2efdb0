/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "sync-agent/catalog_card.h"
#include "sync-agent/clock.h"
#include "sync-agent/mirror/cluster.h"
#include "sync-agent/mirror/partition.h"

/* -- cards ---------------------------------------------------------------------------------- */

void card_set(char **to, const char *text)
{
	free(*to);
	*to = text ? strdup(text) : NULL;
}

static void set_json(struct json_object **to, struct json_object *o)
{
	json_object_put(*to);
	*to = o;
}

char *card_name(const struct catalog *c, const struct card *card)
{
	bool own = !strcmp(c->key_path, "spec.cluster");

	return own ? cluster_object_name(c->cluster)
		   : partition_object_name(c->cluster, card->key, card->hashed);
}

static struct card *find(const struct catalog *c, const char *key)
{
	struct card *card;

	HASH_FIND_STR(c->cards, key, card);
	return card;
}

static void card_free(struct card *card)
{
	free(card->key);
	free(card->name);
	free(card->version);
	free(card->uid);
	free(card->surplus);
	free(card->surplus_uid);
	json_object_put(card->status);
	json_object_put(card->wanted);
	free(card);
}

static struct card *find_or_add(struct catalog *c, const char *key)
{
	struct card *card = find(c, key);

	if (card)
		return card;
	card = calloc(1, sizeof(*card));
	if (!card)
		return NULL;
	card->catalog = c;
	card->key = strdup(key);
	card->name = card->key ? card_name(c, card) : NULL;
	if (!card->name) {
		card_free(card);
		return NULL;
	}
	HASH_ADD_KEYPTR(hh, c->cards, card->key, strlen(card->key), card);
	return card;
}

void card_drop(struct catalog *c, struct card *card)
{
	HASH_DEL(c->cards, card);
	card_free(card);
}

void catalog_want(struct catalog *c, const char *key, struct json_object *status, bool at_once)
{
	struct card *card = find_or_add(c, key);

	if (!card) {
		json_object_put(status);
		return;
	}
	set_json(&card->wanted, status);
	card->wanted_hash = catalog_status_hash(status);
	card->mentioned = true;
	if (at_once)
		card->next_status = 0;
}

void catalog_begin(struct catalog *c)
{
	for (struct card *card = c->cards; card; card = card->hh.next)
		card->mentioned = false;
}

void catalog_end(struct catalog *c)
{
	c->known = true;
	for (struct card *card = c->cards; card; card = card->hh.next)
		if (!card->mentioned)
			set_json(&card->wanted, NULL);
}

struct json_object *catalog_status(const struct catalog *c, const char *key)
{
	struct card *card = find(c, key);

	return card ? card->status : NULL;
}

/* -- what is there -------------------------------------------------------------------------- */

/* The card of an object of ours; NULL for those of other clusters. */
struct card *card_of(struct catalog *c, struct json_object *object, bool add)
{
	const char *cluster = json_get_string(object, "spec.cluster");
	const char *key = json_get_string(object, c->key_path);

	if (!cluster || !key || strcmp(cluster, c->cluster))
		return NULL;
	return add ? find_or_add(c, key) : find(c, key);
}

void card_take_object(struct card *card, struct json_object *object)
{
	const char *version = json_get_string(object, "metadata.resourceVersion");
	const char *name = json_get_string(object, "metadata.name");

	if (!version || !name)
		return;
	/* Under another name from when ours was taken: that is its name. */
	if (!card->uid)
		card_set(&card->name, name);
	if (strcmp(card->name, name)) {
		card_set(&card->surplus, name);
		card_set(&card->surplus_uid, json_get_string(object, "metadata.uid"));
		return;
	}
	/* Late answers of writes, and events that are older than an answer. */
	if (card->version && strtoull(version, NULL, 10) < strtoull(card->version, NULL, 10))
		return;
	card_set(&card->version, version);
	card_set(&card->uid, json_get_string(object, "metadata.uid"));
	set_json(&card->status, json_object_get(json_get(object, "status")));
	card->hash = catalog_status_hash(card->status);
}

void card_forget_object(struct card *card, const char *version)
{
	card_set(&card->uid, NULL);
	if (version)
		card_set(&card->version, version);
	set_json(&card->status, NULL);
	card->hash = 0;
}

static void object_gone(struct catalog *c, struct json_object *object)
{
	const char *name = json_get_string(object, "metadata.name");
	struct card *card = card_of(c, object, false);

	if (!card || !name)
		return;
	if (!strcmp(card->name, name))
		card_forget_object(card, json_get_string(object, "metadata.resourceVersion"));
	else if (card->surplus && !strcmp(card->surplus, name))
		card_set(&card->surplus, NULL);
}

static void on_event(void *ctx, enum watch_event event, struct json_object *object)
{
	struct catalog *c = ctx;
	struct card *card;

	switch (event) {
	case WATCH_LIST_BEGINS:
		for (card = c->cards; card; card = card->hh.next)
			card->listed = false;
		break;
	case WATCH_LISTED:
	case WATCH_CHANGED:
		card = card_of(c, object, true);
		if (!card)
			break;
		card->listed = true;
		card_take_object(card, object);
		break;
	case WATCH_LIST_ENDS:
		for (card = c->cards; card; card = card->hh.next)
			if (card->uid && !card->listed && !card->in_flight)
				card_forget_object(card, NULL);
		c->listed = true;
		break;
	case WATCH_DELETED:
		object_gone(c, object);
		break;
	}
}

/* -- the run -------------------------------------------------------------------------------- */

int64_t catalog_run(struct catalog *c, bool may_write)
{
	int64_t now = clock_us(), next;
	struct card *card, *tmp;

	if (!c->watch.kube)
		c->watch = (struct watch){
			.kube = c->kube, .path = c->path, .on_event = on_event, .ctx = c
		};
	next = watch_step(&c->watch);
	if (!c->listed || !may_write)
		return next;
	HASH_ITER (hh, c->cards, card, tmp) {
		int64_t due;

		if (!kube_has_room(c->kube))
			break;
		due = card_advance(c, card, now);
		next = due < next ? due : next;
	}
	return next;
}

bool catalog_settled(const struct catalog *c)
{
	for (const struct card *card = c->listed ? c->cards : NULL; card; card = card->hh.next)
		if (!card->in_flight && card->wanted &&
		    (!card->uid || card->hash != card->wanted_hash))
			return false;
	return true;
}

void catalog_free(struct catalog *c)
{
	struct card *card, *tmp;

	watch_free(&c->watch);
	HASH_ITER (hh, c->cards, card, tmp)
		card_drop(c, card);
}
