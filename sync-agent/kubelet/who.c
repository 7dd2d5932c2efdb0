/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kubelet/who.h"

#include <gnutls/x509.h>
#include <json-c/json.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "sync-agent/kubelet/link.h"
#include "sync-agent/kubelet/protocol.h"

#define ASK_MS 30000
#define GROUPS_MAX 32
#define NAME_MAX_BYTES 256

/* -- certificates ----------------------------------------------------------------------------- */

static void crt_deinit(gnutls_x509_crt_t *crt)
{
	if (*crt)
		gnutls_x509_crt_deinit(*crt);
}

/* The indx-th value of that kind in the subject. Returns false if there is none. */
static bool subject(gnutls_x509_crt_t crt, const char *oid, unsigned indx, char *buf, size_t size)
{
	return gnutls_x509_crt_get_dn_by_oid(crt, oid, indx, 0, buf, &size) >= 0 && buf[0];
}

/* As Kubernetes reads it: the common name is the user, each organization a group. */
static int read_names(gnutls_x509_crt_t crt, struct json_object *message, struct error *err)
{
	struct json_object *groups = json_object_new_array();
	char name[NAME_MAX_BYTES];

	json_object_object_add(message, "groups", groups);
	if (!subject(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name, sizeof(name)))
		return error_set(err, 401, "Unauthorized: the certificate has no common name");
	json_set_string(message, "name", name);
	for (unsigned i = 0; i < GROUPS_MAX &&
			     subject(crt, GNUTLS_OID_X520_ORGANIZATION_NAME, i, name, sizeof(name));
	     i++)
		json_object_array_add(groups, json_object_new_string(name));
	return 0;
}

/* Returns 1 if there is a good one, 0 if there is none, or -1 with err filled. */
static int by_certificate(const struct who *who, gnutls_session_t session,
			  struct json_object *message, struct error *err)
{
	gnutls_typed_vdata_st purpose = { .type = GNUTLS_DT_KEY_PURPOSE_OID,
					  .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT };
	_cleanup_(crt_deinit) gnutls_x509_crt_t crt = NULL;
	unsigned n = 0, status = 0;
	const gnutls_datum_t *chain;

	if (!who->has_ca || !(chain = gnutls_certificate_get_peers(session, &n)) || !n)
		return 0;
	if (gnutls_certificate_verify_peers(session, &purpose, 1, &status) < 0 || status)
		return error_set(
			err, 401,
			"Unauthorized: the client's certificate isn't one by kubelet.clientCA, or "
			"not valid now");
	if (gnutls_x509_crt_init(&crt) < 0 ||
	    gnutls_x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER) < 0)
		return error_set(err, 401, "Unauthorized: the client's certificate can't be read");
	return read_names(crt, message, err) < 0 ? -1 : 1;
}

/* -- tokens ----------------------------------------------------------------------------------- */

static int by_token(const char *authorization, struct json_object *message, struct error *err)
{
	static const char scheme[] = "Bearer ";
	const char *token;

	if (!authorization || strncasecmp(authorization, scheme, strlen(scheme)))
		return error_set(
			err, 401,
			"Unauthorized: there is neither a client certificate nor a bearer token");
	token = authorization + strlen(scheme);
	token += strspn(token, " ");
	if (!token[0] || strlen(token) > KUBELET_TOKEN_MAX)
		return error_set(err, 401, "Unauthorized: that is no token");
	json_set_string(message, "token", token);
	return 0;
}

static int ask(struct json_object *message, int client, struct error *err)
{
	_cleanup_(waiter_free) struct waiter w = { .wake = -1, .wd = -1 };
	_cleanup_(question_end) struct question q = { 0 };
	const char *text;
	int64_t status;

	if (waiter_init(&w) < 0 || question_ask(&q, &w, message) < 0 ||
	    question_wait(&q, client, ASK_MS) < 0)
		return error_set(err, 503, "the agent can't be asked who may come in");
	status = json_get_int(q.answer, "status", 500);
	text = json_get_string(q.answer, "error");
	return status == 200 ? 0 : error_set(err, (int)status, "%s", text ? text : "Forbidden");
}

int who_may(const struct who *who, gnutls_session_t session, const char *authorization,
	    const char *verb, int client, struct error *err)
{
	_cleanup_json_ struct json_object *message = json_object_new_object();
	int rc = by_certificate(who, session, message, err);

	if (rc < 0)
		return -1;
	if (rc && words_have(who->names, json_get_string(message, "name")))
		return 0;
	if (!rc && by_token(authorization, message, err) < 0)
		return -1;
	json_set_string(message, "op", "enter");
	json_set_string(message, "verb", verb);
	return ask(message, client, err);
}
