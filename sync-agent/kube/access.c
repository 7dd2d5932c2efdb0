/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kube/access.h"

#include <errno.h>
#include <string.h>

#include "common/buffer.h"
#include "common/json.h"
#include "sync-agent/kube/base64.h"
#include "common/yaml.h"

#define PEM_MAX (1 << 20)
#define SERVICE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"

void kube_access_free(struct kube_access *a)
{
	free(a->server);
	free(a->ca);
	free(a->certificate);
	free(a->key);
	free(a->token);
	free(a->token_file);
	*a = (struct kube_access){ 0 };
}

/* A path in a kubeconfig is relative to the kubeconfig. */
static char *resolve(const char *kubeconfig, const char *path)
{
	const char *slash = strrchr(kubeconfig, '/');
	char *whole = NULL;

	if (path[0] == '/' || !slash)
		return strdup(path);
	return asprintf(&whole, "%.*s/%s", (int)(slash - kubeconfig), kubeconfig, path) < 0 ? NULL :
											       whole;
}

/* KEY-data holds base64 of a PEM text, KEY names a file with one. */
static int read_pem(const char *kubeconfig, struct json_object *o, const char *key, char **ret,
		    struct error *err)
{
	_cleanup_free_ char *path = NULL;
	char data_key[64];
	const char *data, *file;

	snprintf(data_key, sizeof(data_key), "%s-data", key);
	data = json_get_string(o, data_key);
	file = json_get_string(o, key);
	if (data && data[0]) {
		*ret = base64_decode(data, NULL);
		return *ret ? 0 : error_set(err, EINVAL, "%s: %s is not base64", kubeconfig, data_key);
	}
	if (!file || !file[0])
		return 0;
	path = resolve(kubeconfig, file);
	if (!path)
		return error_set(err, ENOMEM, "out of memory");
	return buffer_read_file(path, PEM_MAX, ret, NULL, err);
}

/* The entry of that name in one of a kubeconfig's lists. */
static struct json_object *entry(const char *path, struct json_object *file, const char *list,
				 const char *kind, const char *name, struct error *err)
{
	struct json_object *all = json_get(file, list);

	for (size_t i = 0; name && i < json_length(all); i++) {
		struct json_object *o = json_object_array_get_idx(all, i);
		const char *its_name = json_get_string(o, "name");

		if (its_name && !strcmp(its_name, name) && json_get(o, kind))
			return json_get(o, kind);
	}
	error_set(err, ENOENT, "%s: there is no %s named '%s'", path, kind, name ? name : "");
	return NULL;
}

static int read_user(const char *path, struct json_object *user, struct kube_access *a,
		     struct error *err)
{
	const char *token = json_get_string(user, "token");
	const char *token_file = json_get_string(user, "tokenFile");

	if (json_get(user, "exec") || json_get(user, "auth-provider"))
		return error_set(err, ENOTSUP,
				 "%s: credential plugins are not supported yet; use a client "
				 "certificate, a token or a tokenFile",
				 path);
	for (const char *p = token; p && *p; p++)
		if (*p <= ' ' || *p == 0x7f) /* it becomes a header's line */
			return error_set(err, EINVAL, "%s: the token is not one word", path);
	a->token = token && token[0] ? strdup(token) : NULL;
	a->token_file = token_file && token_file[0] ? resolve(path, token_file) : NULL;
	if (read_pem(path, user, "client-certificate", &a->certificate, err) < 0 ||
	    read_pem(path, user, "client-key", &a->key, err) < 0)
		return -1;
	if (!a->certificate != !a->key)
		return error_set(err, EINVAL, "%s: a client certificate needs its client key", path);
	if (!a->certificate && !a->token && !a->token_file)
		return error_set(err, EINVAL, "%s: the user has neither certificate nor token", path);
	return 0;
}

static int read_cluster(const char *path, struct json_object *cluster, struct kube_access *a,
			struct error *err)
{
	const char *server = json_get_string(cluster, "server");
	const char *host = server ? strstr(server, "://") : NULL;
	size_t n;

	if (!host || (strncmp(server, "https://", 8) && strncmp(server, "http://", 7)) ||
	    !host[3 + strspn(host + 3, "/")])
		return error_set(err, EINVAL, "%s: the cluster has no server https://...", path);
	a->server = strdup(server);
	if (!a->server)
		return error_set(err, ENOMEM, "out of memory");
	for (n = strlen(a->server); n && a->server[n - 1] == '/'; n--)
		a->server[n - 1] = '\0';
	a->insecure = json_get_bool(cluster, "insecure-skip-tls-verify", false);
	return read_pem(path, cluster, "certificate-authority", &a->ca, err);
}

int kube_access_from_file(const char *path, struct kube_access *ret, struct error *err)
{
	_cleanup_json_ struct json_object *file = yaml_load(path, err);
	_cleanup_(kube_access_free) struct kube_access a = { 0 };
	struct json_object *context, *cluster, *user;

	if (!file)
		return -1;
	context = entry(path, file, "contexts", "context", json_get_string(file, "current-context"),
			err);
	if (!context)
		return -1;
	cluster = entry(path, file, "clusters", "cluster", json_get_string(context, "cluster"), err);
	if (!cluster)
		return -1;
	user = entry(path, file, "users", "user", json_get_string(context, "user"), err);
	if (!user)
		return -1;
	if (read_cluster(path, cluster, &a, err) < 0 || read_user(path, user, &a, err) < 0)
		return -1;
	*ret = a;
	a = (struct kube_access){ 0 };
	return 0;
}

int kube_access_in_cluster(struct kube_access *ret, struct error *err)
{
	_cleanup_(kube_access_free) struct kube_access a = { 0 };
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	const char *port = getenv("KUBERNETES_SERVICE_PORT");
	bool v6 = host && strchr(host, ':');

	if (!host || !port)
		return error_set(err, ENOENT,
				 "no kubeconfig is configured, and this is no pod "
				 "(KUBERNETES_SERVICE_HOST is not set)");
	if (buffer_read_file(SERVICE_ACCOUNT "/ca.crt", PEM_MAX, &a.ca, NULL, err) < 0)
		return -1;
	a.token_file = strdup(SERVICE_ACCOUNT "/token");
	if (asprintf(&a.server, "https://%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "", port) < 0)
		a.server = NULL;
	if (!a.token_file || !a.server)
		return error_set(err, ENOMEM, "out of memory");
	*ret = a;
	a = (struct kube_access){ 0 };
	return 0;
}
