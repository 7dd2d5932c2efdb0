/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a collection has to know, read from the API server. */
#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "sync-agent/clock.h"
#include "sync-agent/kube/base64.h"
#include "sync-agent/log.h"
#include "sync-agent/results/collection.h"
#include "sync-agent/results/entries.h"
#include "sync-agent/results/note.h"
#include "sync-agent/results/volume.h"
#include "sync-agent/write.h"

#define AGAIN 1000000 /* microseconds */
#define CLAIM_EVERY 2000000
#define PATH_BYTES 1024

/* -- requests --------------------------------------------------------------------------------- */

struct request {
	struct collection *collection;
	void (*done)(struct collection *c, const struct kube_answer *answer);
};

static void on_answer(void *ctx, const struct kube_answer *answer)
{
	_cleanup_free_ struct request *r = ctx;
	struct collection *c = r->collection;

	c->requests--;
	if (!c->gone)
		r->done(c, answer);
	else if (!c->requests)
		collection_free(c);
}

bool collection_request(struct collection *c, const char *method, const char *path,
			const char *type, struct json_object *body,
			void (*done)(struct collection *c, const struct kube_answer *answer))
{
	struct request *r = calloc(1, sizeof(*r));
	struct kube_request k = {
		.method = method,
		.path = path,
		.type = type,
		.body = body ? json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN) : NULL,
		.done = on_answer,
		.ctx = r,
	};

	if (r)
		*r = (struct request){ c, done };
	if (!r || kube_send(c->agent->kube, &k, NULL) < 0) {
		free(r);
		collection_wait(c, AGAIN);
		return false;
	}
	c->requests++;
	return false;
}

bool collection_is_passing(struct collection *c, const struct kube_answer *answer)
{
	if (!write_is_passing(answer))
		return false;
	write_pause(c->agent, answer);
	collection_wait(c, AGAIN);
	return true;
}

/* -- the SlurmJob ----------------------------------------------------------------------------- */

static void invalid(struct collection *c, const char *text)
{
	free(c->invalid);
	c->invalid = strdup(text);
}

static struct json_object *condition(struct json_object *object, const char *type)
{
	return json_find(json_get(object, "status.conditions"), "type", type);
}

static void take_object(struct collection *c, struct json_object *object)
{
	struct error err;

	c->object = json_object_get(object);
	c->list = json_object_get(json_get(object, "spec.results"));
	c->failed = !condition(object, "Complete");
	c->never_ran = !object_has_run(json_get(object, "status"));
	if (!c->invalid && !c->clear &&
	    results_check(c->list, &c->agent->config.results_http_allow, &err) < 0)
		invalid(c, err.text);
	collection_begin_results(c);
	collection_go(c, c->invalid || c->clear ? COLLECT_TELL : COLLECT_ENTRY);
}

static void got_object(struct collection *c, const struct kube_answer *answer)
{
	_cleanup_json_ struct json_object *object = NULL;
	const char *uid;

	if (answer->status == 200)
		object = json_parse(answer->body, answer->len, NULL);
	uid = json_get_string(object, "metadata.uid");
	/* What has changed meanwhile the watch tells, and it begins anew. */
	if (!uid || strcmp(uid, c->uid) || !json_length(json_get(object, "spec.results")))
		collection_wait(c, AGAIN);
	else
		take_object(c, object);
}

bool collect_object(struct collection *c)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), OBJECT_PATH "/%s", c->namespace, c->name);
	return collection_request(c, "GET", path, NULL, NULL, got_object);
}

/* -- what an entry refers to ------------------------------------------------------------------ */

static void refused(struct collection *c, const char *what, const struct kube_answer *answer)
{
	char text[TEXT_MAX];

	snprintf(text, sizeof(text), "%.300s: %.500s%s", what, answer->problem,
		 answer->status == 403
			 ? ": an administrator binds the roles of crd/rbac.yaml to the agent"
			 : "");
	collection_failed(c, text);
}

static void take(struct collection *c, enum collection_object what,
		 const struct kube_answer *answer)
{
	static const char *const names[] = { "the claim", "the claim's volume", "the Secret",
					     "the ConfigMap" };

	json_object_put(c->objects[what]);
	c->objects[what] =
		answer->status == 200 ? json_parse(answer->body, answer->len, NULL) : NULL;
	c->missing[what] = answer->status == 404;
	if (!c->objects[what] && !c->missing[what] && !collection_is_passing(c, answer))
		refused(c, names[what], answer);
}

static void got_claim(struct collection *c, const struct kube_answer *answer)
{
	take(c, OBJECT_CLAIM, answer);
}

static void got_volume(struct collection *c, const struct kube_answer *answer)
{
	take(c, OBJECT_VOLUME, answer);
}

static void got_secret(struct collection *c, const struct kube_answer *answer)
{
	take(c, OBJECT_SECRET, answer);
}

/* Not there, or not bound: both may come. */
static bool wait_for_claim(struct collection *c, const char *text)
{
	const char *before;
	char message[TEXT_MAX];

	if (!c->claims[c->at].until)
		c->claims[c->at].until = clock_us() + c->agent->config.results_timeout * 1000000;
	if (clock_us() >= c->claims[c->at].until) {
		snprintf(message, sizeof(message),
			 "%.700s, and was waited for as long as results.timeout says", text);
		collection_failed(c, message);
		return true;
	}
	before = json_get_string(collection_result(c), "message");
	c->changes += !before || strcmp(before, text) != 0;
	json_set_string(collection_result(c), "message", text);
	collection_reset(c);
	c->claims[c->at].next = clock_us() + CLAIM_EVERY;
	collection_go(c, COLLECT_ENTRY);
	return true;
}

static bool target_volume(struct collection *c)
{
	const char *claim =
		json_get_string(collection_spec(c), "to.persistentVolumeClaim.claimName");
	const char *volume;
	struct error err;
	char path[PATH_BYTES];

	if (c->missing[OBJECT_CLAIM]) {
		snprintf(path, sizeof(path), "there is no claim %.253s in the namespace", claim);
		return wait_for_claim(c, path);
	}
	if (!c->objects[OBJECT_CLAIM]) {
		snprintf(path, sizeof(path),
			 "/api/v1/namespaces/%.253s/persistentvolumeclaims/%.253s", c->namespace,
			 claim);
		return collection_request(c, "GET", path, NULL, NULL, got_claim);
	}
	volume = result_volume_of(c->objects[OBJECT_CLAIM], &err);
	if (!volume && err.code == EAGAIN)
		return wait_for_claim(c, err.text);
	if (!volume || c->missing[OBJECT_VOLUME]) {
		collection_failed(c, volume ? "the claim's volume isn't there" : err.text);
		return true;
	}
	if (c->objects[OBJECT_VOLUME])
		return true;
	snprintf(path, sizeof(path), "/api/v1/persistentvolumes/%.253s", volume);
	return collection_request(c, "GET", path, NULL, NULL, got_volume);
}

static bool target_http(struct collection *c)
{
	const char *secret = json_get_string(collection_spec(c), "to.httpPut.secretRef.name");
	char path[PATH_BYTES];

	if (!secret || c->objects[OBJECT_SECRET])
		return true;
	if (c->missing[OBJECT_SECRET]) {
		snprintf(path, sizeof(path), "there is no Secret %.253s in the namespace", secret);
		collection_failed(c, path);
		return true;
	}
	snprintf(path, sizeof(path), "/api/v1/namespaces/%.253s/secrets/%.253s", c->namespace,
		 secret);
	return collection_request(c, "GET", path, NULL, NULL, got_secret);
}

bool collect_target(struct collection *c)
{
	enum result_target target = result_target(collection_spec(c));

	if (target == RESULT_VOLUME && !target_volume(c))
		return false;
	if (target == RESULT_HTTP && !target_http(c))
		return false;
	/* It may have ended by failing. */
	if (c->step == COLLECT_TARGET)
		collection_go(c, COLLECT_RUN);
	return true;
}
