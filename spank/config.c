/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/config.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/size.h"

static int copy(char *dest, size_t size, const char *key, const char *value, struct error *err)
{
	if (strlen(value) >= size)
		return error_set(err, ENAMETOOLONG, "%s= takes at most %zu bytes", key, size - 1);
	strcpy(dest, value);
	return 0;
}

static int set_doorbell(struct spank_config *c, const char *value, struct error *err)
{
	return doorbell_target_parse(value, &c->doorbell, err);
}

static int set_munge_socket(struct spank_config *c, const char *value, struct error *err)
{
	return copy(c->munge_socket, sizeof(c->munge_socket), "munge_socket", value, err);
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

static int set_cluster(struct spank_config *c, const char *value, struct error *err)
{
	return copy(c->cluster, sizeof(c->cluster), "cluster", value, err);
}

static int set_holder(struct spank_config *c, const char *value, struct error *err)
{
	if (value[0] != '/')
		return error_set(err, EINVAL, "holder=%s: the path has to be absolute", value);
	return copy(c->holder, sizeof(c->holder), "holder", value, err);
}

static int set_state(struct spank_config *c, const char *value, struct error *err)
{
	if (value[0] != '/')
		return error_set(err, EINVAL, "state=%s: the path has to be absolute", value);
	return copy(c->state, sizeof(c->state), "state", value, err);
}

static int set_cdi(struct spank_config *c, const char *value, struct error *err)
{
	if (value[0] != '/' || (strstr(value, ":") && !strstr(value, ":/")))
		return error_set(err, EINVAL,
				 "cdi=%s: it takes absolute paths, with colons between", value);
	return copy(c->cdi, sizeof(c->cdi), "cdi", value, err);
}

static int set_gpu(struct spank_config *c, const char *value, struct error *err)
{
	if (strcmp(value, "none") && !strchr(value, '/'))
		return error_set(err, EINVAL, "gpu=%s: it takes a CDI kind, vendor/class, or none",
				 value);
	return copy(c->gpu, sizeof(c->gpu), "gpu", value, err);
}

static int set_policy(struct spank_config *c, const char *value, struct error *err)
{
	if (value[0] != '/')
		return error_set(err, EINVAL, "policy=%s: the path has to be absolute", value);
	return copy(c->policy, sizeof(c->policy), "policy", value, err);
}

static int set_images(struct spank_config *c, const char *value, struct error *err)
{
	if (value[0] != '/' || (strstr(value, ":") && !strstr(value, ":/")))
		return error_set(err, EINVAL,
				 "images=%s: it takes absolute paths, with colons between", value);
	return copy(c->images, sizeof(c->images), "images", value, err);
}

static int set_cache_limit(struct spank_config *c, const char *value, struct error *err)
{
	uint64_t limit;

	if (size_parse(value, &limit, err) < 0)
		return error_wrap(err, "cache_limit=%s", value);
	return copy(c->cache_limit, sizeof(c->cache_limit), "cache_limit", value, err);
}

static int set_pin(struct spank_config *c, const char *value, struct error *err)
{
	if (strcmp(value, "yes") && strcmp(value, "no"))
		return error_set(err, EINVAL, "pin=%s: it takes yes or no", value);
	c->pin = !strcmp(value, "yes");
	return 0;
}

static int set_runtime(struct spank_config *c, const char *value, struct error *err)
{
	if (strcmp(value, "builtin") && value[0] != '/')
		return error_set(err, EINVAL, "runtime=%s: it takes builtin, or an absolute path, "
				 "with its arguments behind it and commas between", value);
	return copy(c->runtime, sizeof(c->runtime), "runtime", value, err);
}

static int set_runtime_join(struct spank_config *c, const char *value, struct error *err)
{
	if (strcmp(value, "setns") && strcmp(value, "exec"))
		return error_set(err, EINVAL, "runtime_join=%s: it takes setns or exec", value);
	return copy(c->runtime_join, sizeof(c->runtime_join), "runtime_join", value, err);
}

static const struct {
	const char *key;
	int (*set)(struct spank_config *c, const char *value, struct error *err);
} arguments[] = {
	{"doorbell=", set_doorbell},
	{"munge_socket=", set_munge_socket},
	{"agent_uid=", set_agent_uid},
	{"cluster=", set_cluster},
	{"holder=", set_holder},
	{"state=", set_state},
	{"cdi=", set_cdi},
	{"gpu=", set_gpu},
	{"policy=", set_policy},
	{"pin=", set_pin},
	{"images=", set_images},
	{"cache_limit=", set_cache_limit},
	{"runtime=", set_runtime},
	{"runtime_join=", set_runtime_join},
};

static int parse_one(struct spank_config *c, const char *argument, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++) {
		size_t n = strlen(arguments[i].key);

		if (!strncmp(argument, arguments[i].key, n))
			return arguments[i].set(c, argument + n, err);
	}
	return error_set(err, EINVAL,
			 "unknown argument '%s' (there are doorbell=, munge_socket=, agent_uid=, "
			 "cluster=, holder=, state=, cdi=, gpu=, policy=, pin=, images=, "
			 "cache_limit=, runtime= and runtime_join=)",
			 argument);
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
