/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "sync-agent/kube/exec.h"

/* RFC 3339, with any offset. Returns 0 if it is none. */
static time_t parse_time(const char *text)
{
	int hours = 0, minutes = 0;
	struct tm tm = { 0 };
	const char *p = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	time_t t;

	if (!p)
		return 0;
	if (*p == '.')
		p += 1 + strspn(p + 1, "0123456789");
	t = timegm(&tm);
	if (!strcmp(p, "Z"))
		return t;
	if ((*p != '+' && *p != '-') || sscanf(p + 1, "%2d:%2d", &hours, &minutes) != 2)
		return 0;
	return *p == '+' ? t - (hours * 60 + minutes) * 60 : t + (hours * 60 + minutes) * 60;
}

static bool is_token(const char *text)
{
	for (const char *p = text; *p; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	return text[0];
}

void exec_credential_free(struct exec_credential *c)
{
	free(c->token);
	free(c->certificate);
	free(c->key);
	*c = (struct exec_credential){ 0 };
}

static int take(struct exec_credential *c, struct json_object *status, struct error *err)
{
	const char *token = json_get_string(status, "token");
	const char *certificate = json_get_string(status, "clientCertificateData");
	const char *key = json_get_string(status, "clientKeyData");

	if (!certificate != !key)
		return error_set(err, EINVAL,
				 "of clientCertificateData and clientKeyData it printed only one");
	if (!token && !certificate)
		return error_set(err, EINVAL, "it printed neither a token nor a certificate");
	if (token && !is_token(token))
		return error_set(err, EINVAL, "the token that it printed is not one word");
	c->token = token ? strdup(token) : NULL;
	c->certificate = certificate ? strdup(certificate) : NULL;
	c->key = key ? strdup(key) : NULL;
	if ((token && !c->token) || (key && (!c->key || !c->certificate)))
		return error_set(err, ENOMEM, "out of memory");
	return 0;
}

int exec_credential_parse(const char *text, size_t len, const char *version,
			  struct exec_credential *ret, struct error *err)
{
	_cleanup_(exec_credential_free) struct exec_credential c = { 0 };
	_cleanup_json_ struct json_object *o = json_parse(text, len, err);
	const char *kind = json_get_string(o, "kind"),
		   *its_version = json_get_string(o, "apiVersion");
	const char *expires = json_get_string(o, "status.expirationTimestamp");

	if (!o)
		return error_wrap(err, "what it printed is no JSON");
	if (!kind || strcmp(kind, "ExecCredential") || !its_version || strcmp(its_version, version))
		return error_set(err, EINVAL, "what it printed is no ExecCredential of %s",
				 version);
	if (take(&c, json_get(o, "status"), err) < 0)
		return -1;
	c.expires = expires ? parse_time(expires) : 0;
	if (expires && !c.expires)
		return error_set(err, EINVAL, "expirationTimestamp: '%.60s' is no time", expires);
	*ret = c;
	c = (struct exec_credential){ 0 };
	return 0;
}
