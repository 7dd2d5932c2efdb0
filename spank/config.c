/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/config.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/cleanup.h"
#include "common/size.h"

/* -- Arguments that are more than a text ------------------------------------------------------ */

static int set_doorbell(struct spank_config *c, const char *value, struct error *err)
{
	return doorbell_target_parse(value, &c->doorbell, err);
}

static int set_agent_uid(struct spank_config *c, const char *value, struct error *err)
{
	char *end;
	unsigned long uid;

	errno = 0;
	uid = strtoul(value, &end, 10);
	if (!*value || *end || value[0] == '-' || errno || uid >= UINT32_MAX)
		return error_set(err, EINVAL, "agent_uid=%s: it takes a numeric user id", value);
	c->agent_uid = uid;
	c->has_agent_uid = true;
	return 0;
}

static int set_pin(struct spank_config *c, const char *value, struct error *err)
{
	if (strcmp(value, "yes") && strcmp(value, "no"))
		return error_set(err, EINVAL, "pin=%s: it takes yes or no", value);
	c->pin = !strcmp(value, "yes");
	return 0;
}

/* -- Texts: whether one fits ------------------------------------------------------------------ */

static bool is_any(const char *value)
{
	return true;
}

static bool is_path(const char *value)
{
	return value[0] == '/';
}

static bool is_paths(const char *value)
{
	const char *colon = strchr(value, ':');

	return value[0] == '/' && (!colon || colon[1] == '\0' || is_paths(colon + 1));
}

static bool is_kind(const char *value)
{
	return !strcmp(value, "none") || strchr(value, '/');
}

static bool is_size(const char *value)
{
	uint64_t size;

	return size_parse(value, &size, NULL) == 0;
}

static bool is_runtime(const char *value)
{
	return !strcmp(value, "builtin") || value[0] == '/';
}

static bool is_join(const char *value)
{
	return !strcmp(value, "setns") || !strcmp(value, "exec");
}

#define TEXT(key, member, fits, takes)                                                             \
	{                                                                                          \
		key, NULL, offsetof(struct spank_config, member),                                  \
			sizeof(((struct spank_config *)NULL)->member), fits, takes                 \
	}

static const struct argument {
	const char *key;
	int (*set)(struct spank_config *c, const char *value, struct error *err); /* or the rest */
	size_t offset, size;
	bool (*fits)(const char *value);
	const char *takes;
} arguments[] = {
	{"doorbell", set_doorbell, 0, 0, NULL, NULL},
	{"agent_uid", set_agent_uid, 0, 0, NULL, NULL},
	{"pin", set_pin, 0, 0, NULL, NULL},
	TEXT("munge_socket", munge_socket, is_any, NULL),
	TEXT("cluster", cluster, is_any, NULL),
	TEXT("holder", holder, is_path, "an absolute path"),
	TEXT("state", state, is_path, "an absolute path"),
	TEXT("policy", policy, is_path, "an absolute path"),
	TEXT("cdi", cdi, is_paths, "absolute paths, with colons between"),
	TEXT("images", images, is_paths, "absolute paths, with colons between"),
	TEXT("slurm", slurm, is_paths, "absolute paths, with colons between"),
	TEXT("gpu", gpu, is_kind, "a CDI kind, vendor/class, or none"),
	TEXT("cache_limit", cache_limit, is_size, "a size such as 500M, 20G or 1T"),
	TEXT("runtime", runtime, is_runtime,
	     "builtin, or an absolute path, with its arguments behind it and commas between"),
	TEXT("runtime_join", runtime_join, is_join, "setns or exec"),
};

static int set(struct spank_config *c, const struct argument *a, const char *value,
	       struct error *err)
{
	if (a->set)
		return a->set(c, value, err);
	if (!a->fits(value))
		return error_set(err, EINVAL, "%s=%s: it takes %s", a->key, value, a->takes);
	if (strlen(value) >= a->size)
		return error_set(err, ENAMETOOLONG, "%s= takes at most %zu bytes", a->key,
				 a->size - 1);
	strcpy((char *)c + a->offset, value);
	return 0;
}

static int refuse_unknown(const char *argument, struct error *err)
{
	_cleanup_buffer_ struct buffer known = BUFFER_INIT(1024);

	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++)
		buffer_printf(&known, "%s%s=", i ? ", " : "", arguments[i].key);
	return error_set(err, EINVAL, "unknown argument '%s' (there are %s)", argument,
			 known.data ? known.data : "none");
}

static int parse_one(struct spank_config *c, const char *argument, struct error *err)
{
	size_t n = strcspn(argument, "=");

	for (size_t i = 0; argument[n] && i < ARRAY_SIZE(arguments); i++)
		if (strlen(arguments[i].key) == n && !memcmp(argument, arguments[i].key, n))
			return set(c, &arguments[i], argument + n + 1, err);
	return refuse_unknown(argument, err);
}

int spank_config_parse(int argc, char *const argv[], struct spank_config *ret, struct error *err)
{
	struct spank_config c = {
		.holder = SLURM_KUBE_LIBEXECDIR "/slurm-kube-holder",
		.state = SLURM_KUBE_STATEDIR,
		.pin = true,
	};
	struct error problem;
	int rc = 0;

	doorbell_target_parse(DOORBELL_DEFAULT, &c.doorbell, NULL);
	for (int i = 0; i < argc; i++) {
		if (parse_one(&c, argv[i], &problem) < 0 && rc == 0) {
			rc = -1;
			if (err)
				*err = problem;
		}
	}
	if (rc == 0 && c.doorbell.address.ss_family != AF_UNIX && !c.has_agent_uid)
		rc = error_set(
			err, EINVAL,
			"a doorbell over udp is sealed for one reader: add agent_uid=UID, the "
			"numeric user id that the agent runs as");
	*ret = c;
	return rc;
}
