/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "common/json.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/cluster.h"
#include "sync-agent/mirror/object.h"
#include "sync-agent/mirror/partition.h"

#define MANAGER "fieldManager=slurm-kube-agent"
#define RETRY_FIRST 200000 /* microseconds */
#define RETRY_LAST 30000000
#define PATH_BYTES 512
#define CLASHES 3 /* creations refused before the name counts as somebody else's */

struct card {
	char *key;
	UT_hash_handle hh;
	struct catalog *catalog;

	char *name;
	/* The object as the API server has it; uid is NULL if there is none. */
	char *version, *uid;
	struct json_object *status;
	uint64_t hash;
	bool listed; /* seen in the list that is being read */

	struct json_object *wanted; /* status; NULL: there is to be no object */
	uint64_t wanted_hash;
	bool mentioned;

	bool in_flight;
	bool hashed; /* the plain name is taken */
	unsigned tries, clashes;
	int64_t not_before, next_status;
};

/* -- cards ---------------------------------------------------------------------------------- */

static void set_string(char **to, const char *text)
{
	free(*to);
	*to = text ? strdup(text) : NULL;
}

static void set_json(struct json_object **to, struct json_object *o)
{
	json_object_put(*to);
	*to = o;
}

static char *name_for(const struct catalog *c, const struct card *card)
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
	card->name = card->key ? name_for(c, card) : NULL;
	if (!card->name) {
		card_free(card);
		return NULL;
	}
	HASH_ADD_KEYPTR(hh, c->cards, card->key, strlen(card->key), card);
	return card;
}

static void drop(struct catalog *c, struct card *card)
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
static struct card *card_of(struct catalog *c, struct json_object *object, bool add)
{
	const char *cluster = json_get_string(object, "spec.cluster");
	const char *key = json_get_string(object, c->key_path);

	if (!cluster || !key || strcmp(cluster, c->cluster))
		return NULL;
	return add ? find_or_add(c, key) : find(c, key);
}

static void take_object(struct card *card, struct json_object *object)
{
	const char *version = json_get_string(object, "metadata.resourceVersion");
	const char *name = json_get_string(object, "metadata.name");

	if (!version || !name)
		return;
	/* Late answers of writes, and events that are older than an answer. */
	if (card->version && strtoull(version, NULL, 10) < strtoull(card->version, NULL, 10))
		return;
	/* Under another name from when ours was taken: that is its name. */
	if (!card->uid)
		set_string(&card->name, name);
	if (strcmp(card->name, name))
		return;
	set_string(&card->version, version);
	set_string(&card->uid, json_get_string(object, "metadata.uid"));
	set_json(&card->status, json_object_get(json_get(object, "status")));
	card->hash = catalog_status_hash(card->status);
}

static void forget_object(struct card *card, const char *version)
{
	set_string(&card->uid, NULL);
	if (version)
		set_string(&card->version, version);
	set_json(&card->status, NULL);
	card->hash = 0;
}

static void object_gone(struct catalog *c, struct json_object *object)
{
	const char *name = json_get_string(object, "metadata.name");
	struct card *card = card_of(c, object, false);

	if (card && name && !strcmp(card->name, name))
		forget_object(card, json_get_string(object, "metadata.resourceVersion"));
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
		take_object(card, object);
		break;
	case WATCH_LIST_ENDS:
		for (card = c->cards; card; card = card->hh.next)
			if (card->uid && !card->listed && !card->in_flight)
				forget_object(card, NULL);
		c->listed = true;
		break;
	case WATCH_DELETED:
		object_gone(c, object);
		break;
	}
}

/* -- writes --------------------------------------------------------------------------------- */

static void pause_card(struct card *card)
{
	int64_t pause = RETRY_FIRST;

	for (unsigned i = 0; i < card->tries && pause < RETRY_LAST; i++)
		pause *= 2;
	card->tries++;
	card->not_before = clock_us() + pause;
}

/* Somebody else's object has that name. */
static void note_clash(struct card *card)
{
	char *name;

	if (card->uid || ++card->clashes != CLASHES)
		return;
	card->hashed = true;
	name = name_for(card->catalog, card);
	if (!name)
		return;
	log_warning("%s %s is another cluster's: that of %s is %s", card->catalog->kind, card->name,
		    card->key, strcmp(name, card->name) ? name : "left out until it goes");
	free(card->name);
	card->name = name;
}

static void on_answer(void *ctx, const struct kube_answer *answer)
{
	_cleanup_json_ struct json_object *object = NULL;
	struct card *card = ctx;

	card->in_flight = false;
	if (answer->status == 200 || answer->status == 201) {
		card->tries = card->clashes = 0;
		object = json_parse(answer->body, answer->len, NULL);
		if (object && card_of(card->catalog, object, false) == card)
			take_object(card, object);
		return;
	}
	if (answer->status == 404)
		forget_object(card, NULL); /* the watch says so, too */
	else if (answer->status == 409)
		note_clash(card);
	else if (answer->status >= 400 && answer->status < 500 && card->tries == 0)
		log_warning("%s %s: %s (status %ld); trying again", card->catalog->kind, card->name,
			    answer->problem, answer->status);
	pause_card(card);
}

/* Its object, or none, is gone: the answer has no object of that kind. */
static void on_deleted(void *ctx, const struct kube_answer *answer)
{
	struct card *card = ctx;

	card->in_flight = false;
	if (answer->status == 200 || answer->status == 202 || answer->status == 404)
		forget_object(card, NULL);
	else
		pause_card(card);
}

static void send_request(struct card *card, const char *method, kube_done *done, const char *path,
			 struct json_object *body)
{
	struct catalog *c = card->catalog;
	struct kube_request r = { .method = method, .path = path, .done = done, .ctx = card };
	struct error err;

	r.body = json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN);
	if (kube_send(c->kube, &r, &err) < 0) {
		log_error("%s %s: %s", c->kind, card->name, err.text);
		pause_card(card);
		return;
	}
	card->in_flight = true;
	c->writes++;
	log_debug("%s %s", method, path);
}

static struct json_object *new_object(const struct card *card)
{
	struct json_object *o = json_object_new_object(), *metadata = json_object_new_object();
	const struct catalog *c = card->catalog;
	const char *partition = strcmp(c->key_path, "spec.cluster") ? card->key : NULL;

	json_set_string(o, "apiVersion", OBJECT_API_VERSION);
	json_set_string(o, "kind", c->kind);
	json_set_string(metadata, "name", card->name);
	json_object_object_add(metadata, "labels", partition_labels(c->cluster, partition));
	json_object_object_add(o, "metadata", metadata);
	json_object_object_add(o, "spec", partition_spec(c->cluster, partition));
	return o;
}

static void create(struct card *card)
{
	_cleanup_json_ struct json_object *o = new_object(card);
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s?" MANAGER, card->catalog->path);
	send_request(card, "POST", on_answer, path, o);
}

static void write_status(struct card *card, int64_t now)
{
	_cleanup_json_ struct json_object *o = new_object(card);
	char path[PATH_BYTES];

	json_set_string(json_get(o, "metadata"), "resourceVersion", card->version);
	json_object_object_add(o, "status", json_object_get(card->wanted));
	snprintf(path, sizeof(path), "%s/%s/status?" MANAGER, card->catalog->path, card->name);
	send_request(card, "PUT", on_answer, path, o);
	card->next_status = now + card->catalog->spacing;
}

/* Just that object: not one that somebody made under its name since. */
static void remove_object(struct card *card)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *conditions = json_object_new_object();
	char path[PATH_BYTES];

	json_set_string(o, "apiVersion", "v1");
	json_set_string(o, "kind", "DeleteOptions");
	json_set_string(conditions, "uid", card->uid);
	json_object_object_add(o, "preconditions", conditions);
	snprintf(path, sizeof(path), "%s/%s", card->catalog->path, card->name);
	send_request(card, "DELETE", on_deleted, path, o);
}

/* Returns when it wants to be looked at again. */
static int64_t advance(struct catalog *c, struct card *card, int64_t now)
{
	if (card->in_flight)
		return INT64_MAX;
	if (!card->wanted && !card->uid) {
		if (c->known)
			drop(c, card);
		return INT64_MAX;
	}
	if (!card->wanted && !c->known)
		return INT64_MAX;
	if (card->wanted && card->uid && card->hash == card->wanted_hash)
		return INT64_MAX;
	if (now < card->not_before)
		return card->not_before;
	if (!card->wanted) {
		remove_object(card);
	} else if (!card->uid) {
		create(card);
	} else {
		if (now < card->next_status)
			return card->next_status;
		write_status(card, now);
	}
	return INT64_MAX;
}

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
		due = advance(c, card, now);
		next = due < next ? due : next;
	}
	return next;
}

void catalog_free(struct catalog *c)
{
	struct card *card, *tmp;

	watch_free(&c->watch);
	HASH_ITER (hh, c->cards, card, tmp)
		drop(c, card);
}
