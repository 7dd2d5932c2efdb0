/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "sync-agent/catalog_card.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/object.h"
#include "sync-agent/mirror/partition.h"

#define MANAGER "fieldManager=slurm-kube-agent"
#define RETRY_FIRST 200000 /* microseconds */
#define RETRY_LAST 30000000
#define PATH_BYTES 512

static void pause_card(struct card *card)
{
	int64_t pause = RETRY_FIRST;

	for (unsigned i = 0; i < card->tries && pause < RETRY_LAST; i++)
		pause *= 2;
	card->tries++;
	card->not_before = clock_us() + pause;
}

/* name: NULL for the collection. */
static void send_request(struct card *card, const char *method, kube_done *done, const char *name,
			 const char *tail, struct json_object *body)
{
	struct catalog *c = card->catalog;
	struct kube_request r = { .method = method, .done = done, .ctx = card };
	char path[PATH_BYTES];
	struct error err;

	snprintf(path, sizeof(path), "%s%s%s%s", c->path, name ? "/" : "", name ? name : "", tail);
	r.path = path;
	if (body)
		r.body = json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN);
	if (kube_send(c->kube, &r, &err) < 0) {
		log_error("%s %s: %s", c->kind, card->name, err.text);
		pause_card(card);
		return;
	}
	card->in_flight = true;
	c->writes += body != NULL;
	log_debug("%s %s", method, path);
}

static void note_answer(struct card *card, const struct kube_answer *answer)
{
	_cleanup_json_ struct json_object *object = json_parse(answer->body, answer->len, NULL);

	card->tries = 0;
	if (object && card_of(card->catalog, object, false) == card)
		card_take_object(card, object);
}

static void fail(struct card *card, const struct kube_answer *answer)
{
	if (answer->status >= 400 && answer->status < 500 && answer->status != 409 && !card->tries)
		log_warning("%s %s: %s (status %ld); trying again", card->catalog->kind, card->name,
			    answer->problem, answer->status);
	pause_card(card);
}

static void on_written(void *ctx, const struct kube_answer *answer)
{
	struct card *card = ctx;

	card->in_flight = false;
	if (answer->status == 200 || answer->status == 201) {
		note_answer(card, answer);
		return;
	}
	if (answer->status == 404)
		card_forget_object(card, NULL); /* the watch says so, too */
	fail(card, answer);
}

/* Another cluster's object has the name: two names may be alike when made fit for Kubernetes. */
static void take_other_name(struct card *card)
{
	char *name;

	card->hashed = true;
	name = card_name(card->catalog, card);
	if (!name)
		return;
	log_warning("%s %s is another cluster's: that of %s is %s", card->catalog->kind, card->name,
		    card->key, strcmp(name, card->name) ? name : "left out until it goes");
	free(card->name);
	card->name = name;
}

/* What there is under the name of an object that could not be made for it. */
static void on_found(void *ctx, const struct kube_answer *answer)
{
	_cleanup_json_ struct json_object *object = NULL;
	struct card *card = ctx;

	card->in_flight = false;
	if (answer->status != 200) {
		fail(card, answer);
		return;
	}
	object = json_parse(answer->body, answer->len, NULL);
	if (object && card_of(card->catalog, object, false) == card)
		card_take_object(card, object);
	else if (object && !card->hashed)
		take_other_name(card);
	else
		pause_card(card);
}

static void on_created(void *ctx, const struct kube_answer *answer)
{
	struct card *card = ctx;

	if (answer->status != 409) {
		on_written(ctx, answer);
		return;
	}
	card->in_flight = false;
	send_request(card, "GET", on_found, card->name, "", NULL);
}

/* What was to go is gone: a second object, or the card's own. */
static void on_deleted(void *ctx, const struct kube_answer *answer)
{
	struct card *card = ctx;

	card->in_flight = false;
	if (answer->status != 200 && answer->status != 202 && answer->status != 404)
		fail(card, answer);
	else if (card->removing_surplus)
		card_set(&card->surplus, NULL);
	else
		card_forget_object(card, NULL);
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

	send_request(card, "POST", on_created, NULL, "?" MANAGER, o);
}

static void write_status(struct card *card, int64_t now)
{
	_cleanup_json_ struct json_object *o = new_object(card);

	json_set_string(json_get(o, "metadata"), "resourceVersion", card->version);
	json_object_object_add(o, "status", json_object_get(card->wanted));
	send_request(card, "PUT", on_written, card->name, "/status?" MANAGER, o);
	card->next_status = now + card->catalog->spacing;
}

/* Just that object: not one that somebody made under its name since. */
static void remove_object(struct card *card)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *conditions = json_object_new_object();

	card->removing_surplus = card->surplus != NULL;
	json_set_string(o, "apiVersion", "v1");
	json_set_string(o, "kind", "DeleteOptions");
	json_set_string(conditions, "uid", card->surplus ? card->surplus_uid : card->uid);
	json_object_object_add(o, "preconditions", conditions);
	send_request(card, "DELETE", on_deleted, card->surplus ? card->surplus : card->name, "", o);
}

enum todo { NOTHING, CREATE, WRITE_STATUS, REMOVE, FORGET };

/* What is to be done about it? */
static enum todo need(const struct catalog *c, const struct card *card)
{
	if (card->in_flight)
		return NOTHING;
	if (card->surplus && c->known)
		return REMOVE;
	if (card->wanted)
		return !card->uid			 ? CREATE
		       : card->hash != card->wanted_hash ? WRITE_STATUS
							 : NOTHING;
	return !c->known ? NOTHING : card->uid ? REMOVE : FORGET;
}

int64_t card_advance(struct catalog *c, struct card *card, int64_t now)
{
	enum todo todo = need(c, card);
	int64_t due = card->not_before;

	if (todo == NOTHING)
		return INT64_MAX;
	if (todo == WRITE_STATUS && card->next_status > due)
		due = card->next_status;
	if (todo != FORGET && now < due)
		return due;
	switch (todo) {
	case CREATE:
		create(card);
		break;
	case WRITE_STATUS:
		write_status(card, now);
		break;
	case REMOVE:
		remove_object(card);
		break;
	default:
		card_drop(c, card);
	}
	return INT64_MAX;
}
