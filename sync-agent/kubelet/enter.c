/* SPDX-License-Identifier: GPL-2.0-or-later */
/* May they come in? The API server knows: a TokenReview says who has a token, a SubjectAccessReview
 * whether they may reach what kubelet serves, which Kubernetes calls nodes/proxy. What it said
 * counts for a short while. Source: Kubernetes, "Kubelet authentication/authorization". */
#include <errno.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "common/json.h"
#include "sync-agent/clock.h"
#include "sync-agent/kubelet/asked.h"

#define KNOWN_MAX 1024
#define YES_US 60000000
#define NO_US 10000000
#define TOKEN_REVIEWS "/apis/authentication.k8s.io/v1/tokenreviews"
#define ACCESS_REVIEWS "/apis/authorization.k8s.io/v1/subjectaccessreviews"

/* What was said; known by a hash, so that no token stays in memory. */
static struct known {
	unsigned char key[32];
	unsigned status;
	int64_t until;
	char text[256];
	UT_hash_handle hh;
} * all_known; /* the oldest first */

static bool key_of(struct asked *q, unsigned char *key)
{
	_cleanup_json_ struct json_object *o = json_object_new_array();
	static const char *const parts[] = { "verb", "token", "name", "groups" };
	const char *text;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		json_object_array_add(o, json_object_get(json_get(q->question, parts[i])));
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	return gnutls_hash_fast(GNUTLS_DIG_SHA256, text, strlen(text), key) == 0;
}

static void drop(struct known *k)
{
	HASH_DEL(all_known, k);
	free(k);
}

static const struct known *find(struct asked *q)
{
	unsigned char key[sizeof(all_known->key)];
	struct known *k;

	if (!key_of(q, key))
		return NULL;
	HASH_FIND(hh, all_known, key, sizeof(key), k);
	if (k && k->until > clock_us())
		return k;
	if (k)
		drop(k);
	return NULL;
}

static void answer(struct asked *q, unsigned status, const char *text)
{
	struct known *k = calloc(1, sizeof(*k)), *old;

	if (k && key_of(q, k->key)) {
		HASH_FIND(hh, all_known, k->key, sizeof(k->key), old);
		if (old)
			drop(old);
		k->status = status;
		k->until = clock_us() + (status == 200 ? YES_US : NO_US);
		snprintf(k->text, sizeof(k->text), "%s", text ? text : "");
		if (HASH_COUNT(all_known) >= KNOWN_MAX)
			drop(all_known);
		HASH_ADD(hh, all_known, key, sizeof(k->key), k);
	} else {
		free(k);
	}
	asked_answer(q, status, text);
}

/* The API server didn't say. */
static void no_answer(struct asked *q, const struct kube_answer *a)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "the API server doesn't tell the agent who may come in: %.400s", a->problem);
	asked_answer(q, 503, text);
}

static void got_access(void *ctx, const struct kube_answer *a)
{
	_cleanup_json_ struct json_object *o = NULL;
	struct asked *q = ctx;
	char text[400];

	if (!asked_done(q))
		return;
	if (a->status != 201 || !(o = json_parse(a->body, a->len, NULL))) {
		no_answer(q, a);
		return;
	}
	if (json_get_bool(o, "status.allowed", false) &&
	    !json_get_bool(o, "status.denied", false)) {
		answer(q, 200, NULL);
		return;
	}
	snprintf(text, sizeof(text),
		 "Forbidden (user=%.200s, verb=%.10s, resource=nodes, subresource=proxy)",
		 json_get_string(o, "spec.user") ?: "", json_get_string(q->question, "verb") ?: "");
	answer(q, 403, text);
}

/* user: {"name" or "username", "groups", "extra"} */
static void ask_access(struct asked *q, struct json_object *user)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *spec = json_object_new_object(), *what = json_object_new_object();
	static const char *const same[] = { "groups", "extra", "uid" };

	json_set_string(what, "verb", json_get_string(q->question, "verb"));
	json_set_string(what, "version", "v1");
	json_set_string(what, "resource", "nodes");
	json_set_string(what, "subresource", "proxy");
	json_object_object_add(spec, "resourceAttributes", what);
	json_set_string(spec, "user",
			json_get_string(user, "name") ?: json_get_string(user, "username"));
	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		if (json_get(user, same[i]))
			json_object_object_add(spec, same[i],
					       json_object_get(json_get(user, same[i])));
	json_set_string(o, "apiVersion", "authorization.k8s.io/v1");
	json_set_string(o, "kind", "SubjectAccessReview");
	json_object_object_add(o, "spec", spec);
	asked_request(q, "POST", ACCESS_REVIEWS, o, got_access);
}

static void got_user(void *ctx, const struct kube_answer *a)
{
	_cleanup_json_ struct json_object *o = NULL;
	struct asked *q = ctx;

	if (!asked_done(q))
		return;
	if (a->status != 201 || !(o = json_parse(a->body, a->len, NULL)))
		no_answer(q, a);
	else if (!json_get_bool(o, "status.authenticated", false))
		answer(q, 401, "Unauthorized: the API server doesn't know that token");
	else
		ask_access(q, json_get(o, "status.user"));
}

void answer_enter(struct asked *q)
{
	const char *token = json_get_string(q->question, "token");
	_cleanup_json_ struct json_object *o = NULL;
	const struct known *k = find(q);
	struct json_object *spec;

	if (k) {
		asked_answer(q, k->status, k->text);
		return;
	}
	if (!token) {
		ask_access(q, q->question);
		return;
	}
	o = json_object_new_object();
	spec = json_object_new_object();
	json_set_string(spec, "token", token);
	json_set_string(o, "apiVersion", "authentication.k8s.io/v1");
	json_set_string(o, "kind", "TokenReview");
	json_object_object_add(o, "spec", spec);
	asked_request(q, "POST", TOKEN_REVIEWS, o, got_user);
}
