/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kube/access.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buffer.h"
#include "common/json.h"
#include "sync-agent/kube/base64.h"
#include "common/yaml.h"

#define PEM_MAX (1 << 20)
#define SERVICE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"

static void strings_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

static void exec_free(struct kube_exec *x)
{
	free(x->command);
	strings_free(x->args);
	strings_free(x->env);
	free(x->version);
	free(x->hint);
	free(x->info);
}

void kube_access_free(struct kube_access *a)
{
	free(a->server);
	free(a->url);
	free(a->connect_to);
	free(a->proxy);
	free(a->ca);
	free(a->certificate);
	free(a->key);
	free(a->token);
	free(a->token_file);
	exec_free(&a->exec);
	for (size_t i = 0; i < ACCESS_FILES; i++)
		free(a->files[i].path);
	*a = (struct kube_access){ 0 };
}

/* -- files ---------------------------------------------------------------------------------- */

/* Remember a file as it is before it is read. */
static void note_file(struct kube_access *a, const char *path)
{
	struct stat st = { 0 };
	size_t i = 0;

	while (i < ACCESS_FILES && a->files[i].path)
		i++;
	if (i == ACCESS_FILES || stat(path, &st) < 0)
		return;
	a->files[i].path = strdup(path);
	a->files[i].time = st.st_mtim;
	a->files[i].inode = st.st_ino;
}

static bool has_changed(const struct kube_access *a)
{
	for (size_t i = 0; i < ACCESS_FILES && a->files[i].path; i++) {
		const struct access_file *f = &a->files[i];
		struct stat st;

		if (stat(f->path, &st) < 0 || st.st_ino != f->inode ||
		    st.st_mtim.tv_sec != f->time.tv_sec || st.st_mtim.tv_nsec != f->time.tv_nsec)
			return true;
	}
	return false;
}

int kube_access_refresh(struct kube_access *a, struct error *err)
{
	struct kube_access now;

	if (!has_changed(a))
		return 0;
	if (a->in_cluster ? kube_access_in_cluster(&now, err) < 0
			  : kube_access_from_file(a->files[0].path, &now, err) < 0)
		return -1;
	kube_access_free(a);
	*a = now;
	return 1;
}

/* -- kubeconfig ----------------------------------------------------------------------------- */

static bool is_word(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text == 0x7f)
			return false;
	return true;
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
static int read_pem(struct kube_access *a, const char *kubeconfig, struct json_object *o, const char *key,
		    char **ret, struct error *err)
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
	note_file(a, path);
	return buffer_read_file(path, PEM_MAX, ret, NULL, err);
}

/* The first entry of that name in one of a kubeconfig's lists that says something. */
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

/* -- credential plugins --------------------------------------------------------------------- */

static char **new_list(size_t n)
{
	return calloc(n + 1, sizeof(char *));
}

static int read_args(const char *path, struct json_object *exec, struct kube_exec *x, struct error *err)
{
	struct json_object *args = json_get(exec, "args");
	size_t n = json_length(args);

	x->args = new_list(n + 1);
	if (!x->args || !(x->args[0] = strdup(x->command)))
		return error_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		struct json_object *arg = json_object_array_get_idx(args, i);

		if (!json_object_is_type(arg, json_type_string))
			return error_set(err, EINVAL, "%s: exec.args: it takes a list of texts", path);
		x->args[i + 1] = strdup(json_object_get_string(arg));
	}
	return 0;
}

static int read_env(const char *path, struct json_object *exec, struct kube_exec *x, struct error *err)
{
	struct json_object *env = json_get(exec, "env");
	size_t n = json_length(env);

	x->env = new_list(n);
	if (!x->env)
		return error_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(env, i);
		const char *name = json_get_string(o, "name"), *value = json_get_string(o, "value");

		if (!name || !name[0] || strchr(name, '=') || !value)
			return error_set(err, EINVAL, "%s: exec.env: it takes names with values", path);
		if (asprintf(&x->env[i], "%s=%s", name, value) < 0)
			return error_set(err, ENOMEM, "out of memory");
	}
	return 0;
}

/* What the plugin is told of the cluster, where kubeconfig says so. */
static char *exec_info(struct json_object *exec, struct json_object *cluster, const char *version,
		       const char *ca)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *spec = json_object_new_object(), *c;

	json_set_string(o, "apiVersion", version);
	json_set_string(o, "kind", "ExecCredential");
	json_set_bool(spec, "interactive", false);
	json_object_object_add(o, "spec", spec);
	if (json_get_bool(exec, "provideClusterInfo", false)) {
		_cleanup_free_ char *data = ca ? base64_encode(ca, strlen(ca)) : NULL;

		c = json_object_new_object();
		json_set_string(c, "server", json_get_string(cluster, "server"));
		json_set_string(c, "tls-server-name", json_get_string(cluster, "tls-server-name"));
		json_set_string(c, "proxy-url", json_get_string(cluster, "proxy-url"));
		json_set_string(c, "certificate-authority-data", data);
		if (json_get_bool(cluster, "insecure-skip-tls-verify", false))
			json_set_bool(c, "insecure-skip-tls-verify", true);
		json_object_object_add(spec, "cluster", c);
	}
	return strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
}

static int read_exec(const char *path, struct json_object *exec, struct json_object *cluster,
		     struct kube_access *a, struct error *err)
{
	const char *command = json_get_string(exec, "command");
	const char *version = json_get_string(exec, "apiVersion");
	const char *mode = json_get_string(exec, "interactiveMode");
	const char *hint = json_get_string(exec, "installHint");
	struct kube_exec *x = &a->exec;

	if (!command || !command[0])
		return error_set(err, EINVAL, "%s: exec: the credential plugin has no command", path);
	if (!version || (strcmp(version, "client.authentication.k8s.io/v1") &&
			 strcmp(version, "client.authentication.k8s.io/v1beta1")))
		return error_set(err, ENOTSUP,
				 "%s: exec.apiVersion: '%.100s' is not known; it takes "
				 "client.authentication.k8s.io/v1 or v1beta1",
				 path, version ? version : "");
	if (mode && !strcmp(mode, "Always"))
		return error_set(err, ENOTSUP,
				 "%s: exec.interactiveMode: the agent has no terminal for a plugin "
				 "that always asks",
				 path);
	x->command = strchr(command, '/') ? resolve(path, command) : strdup(command);
	x->version = strdup(version);
	x->hint = hint ? strdup(hint) : NULL;
	x->info = exec_info(exec, cluster, version, a->ca);
	if (!x->command || !x->version || !x->info)
		return error_set(err, ENOMEM, "out of memory");
	return read_args(path, exec, x, err) < 0 || read_env(path, exec, x, err) < 0 ? -1 : 0;
}

/* -- users and clusters --------------------------------------------------------------------- */

/* Ways in that there are, and that the agent does not go. */
static int refuse_others(const char *path, struct json_object *user, struct error *err)
{
	static const char *const impersonation[] = { "as", "as-uid", "as-groups", "as-user-extra" };

	if (json_get(user, "auth-provider"))
		return error_set(err, ENOTSUP,
				 "%s: auth-provider is not supported; use a credential plugin (exec), a "
				 "client certificate, a token or a tokenFile",
				 path);
	for (size_t i = 0; i < ARRAY_SIZE(impersonation); i++)
		if (json_get(user, impersonation[i]))
			return error_set(err, ENOTSUP,
					 "%s: '%s': impersonation is not supported; bind the role "
					 "slurm-kube-agent to the user itself",
					 path, impersonation[i]);
	return 0;
}

static int read_user(const char *path, struct json_object *user, struct json_object *cluster,
		     struct kube_access *a, struct error *err)
{
	const char *token = json_get_string(user, "token");
	const char *token_file = json_get_string(user, "tokenFile");

	if (refuse_others(path, user, err) < 0)
		return -1;
	if (token && !is_word(token)) /* it becomes a header's line */
		return error_set(err, EINVAL, "%s: the token is not one word", path);
	a->token = token && token[0] ? strdup(token) : NULL;
	a->token_file = token_file && token_file[0] ? resolve(path, token_file) : NULL;
	if (read_pem(a, path, user, "client-certificate", &a->certificate, err) < 0 ||
	    read_pem(a, path, user, "client-key", &a->key, err) < 0)
		return -1;
	if (!a->certificate != !a->key)
		return error_set(err, EINVAL, "%s: a client certificate needs its client key", path);
	if (a->certificate || a->token || a->token_file)
		return 0;
	if (!json_get(user, "exec"))
		return error_set(err, EINVAL, "%s: the user has neither certificate nor token", path);
	return read_exec(path, json_get(user, "exec"), cluster, a, err);
}

/* Certificate and SNI are to be for another name than the host's. */
static int set_tls_name(struct kube_access *a, const char *name, struct error *err)
{
	const char *host = strstr(a->server, "://") + 3, *path = host + strcspn(host, "/"), *colon;
	int scheme = (int)(host - a->server), port = 443, n = (int)(path - host);

	if (!is_word(name) || strpbrk(name, "/:@?#"))
		return error_set(err, EINVAL, "tls-server-name: '%.100s' is no host's name", name);
	colon = memrchr(host, ':', n);
	if (colon && !memchr(colon, ']', path - colon)) {
		port = atoi(colon + 1);
		n = (int)(colon - host);
	}
	if (asprintf(&a->connect_to, "%s:%d:%.*s:%d", name, port, n, host, port) < 0)
		a->connect_to = NULL;
	if (asprintf(&a->url, "%.*s%s:%d%s", scheme, a->server, name, port, path) < 0)
		a->url = NULL;
	return a->url && a->connect_to ? 0 : error_set(err, ENOMEM, "out of memory");
}

static int read_cluster(const char *path, struct json_object *cluster, struct kube_access *a,
			struct error *err)
{
	const char *server = json_get_string(cluster, "server");
	const char *host = server ? strstr(server, "://") : NULL;
	const char *proxy = json_get_string(cluster, "proxy-url");
	const char *name = json_get_string(cluster, "tls-server-name");
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
	if (proxy && proxy[0] && !(a->proxy = strdup(proxy)))
		return error_set(err, ENOMEM, "out of memory");
	if (name && name[0] && set_tls_name(a, name, err) < 0)
		return error_wrap(err, "%s", path);
	return read_pem(a, path, cluster, "certificate-authority", &a->ca, err);
}

int kube_access_from_file(const char *path, struct kube_access *ret, struct error *err)
{
	_cleanup_(kube_access_free) struct kube_access a = { 0 };
	_cleanup_json_ struct json_object *file = NULL;
	struct json_object *context, *cluster, *user;

	note_file(&a, path);
	file = yaml_load(path, err);
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
	if (read_cluster(path, cluster, &a, err) < 0 || read_user(path, user, cluster, &a, err) < 0)
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
	a.in_cluster = true;
	note_file(&a, SERVICE_ACCOUNT "/ca.crt");
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
