/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/json.h"
#include "spank/pod/pod.h"

#define TEXT_MAX (1 << 20)
#define LIST_MAX (60 * 1024)

extern char **environ;

/* -- what the node knows ---------------------------------------------------------------------- */

static int read_address(const char *node, char *dest, size_t size)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	int rc = getaddrinfo(node, NULL, &hints, &list);

	if (rc == 0)
		rc = getnameinfo(list->ai_addr, list->ai_addrlen, dest, size, NULL, 0,
				 NI_NUMERICHOST);
	if (list)
		freeaddrinfo(list);
	return rc;
}

static int set_field(struct json_object *env, const char *name, const char *field,
		     struct error *err)
{
	const char *node = getenv("SLURMD_NODENAME") ?: "";
	char address[64];

	if (!strcmp(field, "node")) {
		json_set_string(env, name, node);
		return 0;
	}
	if (read_address(node, address, sizeof(address)) != 0)
		return error_set(err, ENOENT,
				 "env %s: the node %s has no address that is known here", name,
				 node);
	json_set_string(env, name, address);
	return 0;
}

/* -- the variables ---------------------------------------------------------------------------- */

static const char *find_in(void *ctx, const char *name)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(ctx, name, &value);
	return value ? json_object_get_string(value) : NULL;
}

char *env_expand(struct json_object *env, const char *text, struct error *err)
{
	char *ret = expand_text(text, find_in, env, TEXT_MAX);

	if (!ret)
		error_set(err, E2BIG, "'%.60s' becomes too long", text);
	return ret;
}

static int set_value(struct json_object *env, const char *name, const char *value,
		     struct error *err)
{
	_cleanup_free_ char *text = env_expand(env, value, err);

	if (!text)
		return -1;
	json_set_string(env, name, text);
	return 0;
}

static int set_from(const struct pod *p, struct json_object *env, struct json_object *o,
		    struct error *err)
{
	const char *key = json_get_string(o, "key"), *title = json_get_string(o, "title");
	_cleanup_free_ char *value = plan_value(p, json_get_string(o, "from"), key, NULL);

	if (!value && json_get_bool(o, "optional", false))
		return 0;
	if (!value)
		return error_set(err, ENOENT, "env %s: %s has no key '%s'",
				 json_get_string(o, "name"), title ? title : "", key ? key : "");
	json_set_string(env, json_get_string(o, "name"), value);
	return 0;
}

static int set_variable(const struct pod *p, struct json_object *env, struct json_object *o,
			struct error *err)
{
	const char *name = json_get_string(o, "name"), *value = json_get_string(o, "value");
	const char *field = json_get_string(o, "field");

	if (!name)
		return 0;
	if (field)
		return set_field(env, name, field, err);
	if (json_get(o, "from"))
		return set_from(p, env, o, err);
	return set_value(env, name, value ? value : "", err);
}

/* Keys that can't be names are left out, as kubelet does. */
static bool is_name(const char *name)
{
	return name[0] && !strpbrk(name, "=, \t\n") && (name[0] < '0' || name[0] > '9') &&
	       strncmp(name, "SLURM_", 6) && strncmp(name, "SPANK_", 6) &&
	       strncmp(name, "SRUN_", 5);
}

static void set_all(const struct pod *p, struct json_object *env, struct json_object *o)
{
	const char *variable = json_get_string(o, "from"), *prefix = json_get_string(o, "prefix");
	struct json_object *source = NULL;

	json_object_object_get_ex(p->sources, variable ? variable : "", &source);
	if (!json_object_is_type(source, json_type_object))
		return;
	json_object_object_foreach (source, key, value) {
		_cleanup_free_ char *text = plan_value(p, variable, key, NULL);
		char name[512];

		(void)value;
		snprintf(name, sizeof(name), "%.250s%.253s", prefix ? prefix : "", key);
		if (text && is_name(name))
			json_set_string(env, name, text);
	}
}

struct json_object *env_of(const struct pod *p, const struct container *c, struct error *err)
{
	_cleanup_json_ struct json_object *env = json_object_new_object();
	struct json_object *from = json_get(c->plan, "envFrom"), *list = json_get(c->plan, "env");

	json_set_string(env, "HOSTNAME",
			json_get_string(p->plan, "hostname") ?: json_get_string(p->plan, "name"));
	for (size_t i = 0; i < json_length(from); i++)
		set_all(p, env, json_object_array_get_idx(from, i));
	for (size_t i = 0; i < json_length(list); i++)
		if (set_variable(p, env, json_object_array_get_idx(list, i), err) < 0)
			return NULL;
	return TAKE_PTR(env);
}

/* -- for srun --------------------------------------------------------------------------------- */

/* What srun itself would take note of, or the job has already: the container gets it by
 * --container-env with its value, in a variable of the plugin's. All others srun hands on. */
static bool is_for_srun(const char *name)
{
	static const char *const prefixes[] = { "LD_", "GLIBC_", "MALLOC_", "GCONV_", "RESOLV_" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return getenv(name) != NULL;
}

static void add_escaped(struct buffer *b, const char *text)
{
	for (; *text; text++)
		buffer_printf(b, *text == ',' || *text == '\\' ? "\\%c" : "%c", *text);
}

static int add(char **env, size_t *n, const char *name, const char *value)
{
	if (asprintf(&env[*n], "%s=%s", name, value) < 0) {
		env[*n] = NULL;
		return -1;
	}
	++*n;
	return 0;
}

char **env_for_srun(struct json_object *env, bool images_own, struct error *err)
{
	_cleanup_buffer_ struct buffer list = BUFFER_INIT(LIST_MAX);
	_cleanup_(env_free) char **ret = NULL;
	size_t n = 0;

	while (environ[n])
		n++;
	ret = calloc(n + json_object_object_length(env) + 3, sizeof(*ret));
	if (!ret)
		goto no_memory;
	for (size_t i = 0; i < n; i++)
		if (!(ret[i] = strdup(environ[i])))
			goto no_memory;
	json_object_object_foreach (env, name, value) {
		const char *text = json_object_get_string(value);

		buffer_printf(&list, "%s%s", list.used ? "," : "", name);
		if (is_for_srun(name)) {
			buffer_add(&list, "=", 1);
			add_escaped(&list, text);
		} else if (add(ret, &n, name, text) < 0) {
			goto no_memory;
		}
	}
	if (list.overflowed) {
		error_set(err, E2BIG, "its environment has too many variables");
		return NULL;
	}
	if (list.used && add(ret, &n, "SLURM_KUBE_CONTAINER_ENV", list.data) < 0)
		goto no_memory;
	if (images_own && add(ret, &n, "SLURM_KUBE_CONTAINER_ENTRYPOINT", "command") < 0)
		goto no_memory;
	return TAKE_PTR(ret);
no_memory:
	error_set(err, ENOMEM, "out of memory");
	return NULL;
}

void env_free(char ***env)
{
	for (char **p = *env; p && *p; p++)
		free(*p);
	free(*env);
	*env = NULL;
}
