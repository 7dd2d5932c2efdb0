/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/config.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/doorbell.h"
#include "common/json.h"
#include "sync-agent/yaml.h"

enum value_type { VALUE_TEXT, VALUE_PATH, VALUE_BOOL, VALUE_UID, VALUE_LEVEL, SECTION };

/* One row per key. A section's rows follow under its name and a dot. */
static const struct key {
	const char *name;
	enum value_type type;
	size_t offset;
	const char *fallback;
} keys[] = {
	{ "cluster", VALUE_TEXT, offsetof(struct config, cluster), NULL },
	{ "slurmConf", VALUE_PATH, offsetof(struct config, slurm_conf), NULL },
	{ "kubeconfig", VALUE_PATH, offsetof(struct config, kubeconfig), NULL },
	{ "doorbell", SECTION, 0, NULL },
	{ "doorbell.unix", VALUE_PATH, offsetof(struct config, doorbell_unix),
	  "/run/slurm-kube/doorbell" },
	{ "doorbell.udp", VALUE_TEXT, offsetof(struct config, doorbell_udp), NULL },
	{ "doorbell.mungeSocket", VALUE_PATH, offsetof(struct config, munge_socket), NULL },
	{ "namespaces", SECTION, 0, NULL },
	{ "namespaces.template", VALUE_TEXT, offsetof(struct config, namespace), "slurm-{user}" },
	{ "namespaces.create", VALUE_BOOL, offsetof(struct config, create_namespaces), NULL },
	{ "minimumUid", VALUE_UID, offsetof(struct config, minimum_uid), NULL },
	{ "stateFolder", VALUE_PATH, offsetof(struct config, state_folder), "/var/lib/slurm-kube" },
	{ "logLevel", VALUE_LEVEL, offsetof(struct config, log_level), NULL },
};

struct reading {
	const char *path;
	struct config *config;
	struct error *err;
};

static int wrong(const struct reading *r, struct json_object *value, const char *name,
		 const char *wanted)
{
	return error_set(r->err, EINVAL, "%s:%d: %s: %s", r->path, yaml_line(value), name, wanted);
}

static int set_text(const struct reading *r, const struct key *key, struct json_object *value)
{
	char **to = (char **)((char *)r->config + key->offset);
	const char *text = json_object_get_string(value);

	if (!json_object_is_type(value, json_type_string) || !text[0])
		return wrong(r, value, key->name, "it takes a text");
	if (key->type == VALUE_PATH && text[0] != '/')
		return wrong(r, value, key->name, "it takes an absolute path");
	free(*to);
	*to = strdup(text);
	return *to ? 0 : error_set(r->err, ENOMEM, "out of memory");
}

static int set_value(const struct reading *r, const struct key *key, struct json_object *value)
{
	char *to = (char *)r->config + key->offset;
	int64_t number = json_object_get_int64(value);

	switch (key->type) {
	case VALUE_TEXT:
	case VALUE_PATH:
		return set_text(r, key, value);
	case VALUE_BOOL:
		if (!json_object_is_type(value, json_type_boolean))
			return wrong(r, value, key->name, "it takes true or false");
		*(bool *)to = json_object_get_boolean(value);
		return 0;
	case VALUE_UID:
		if (!json_object_is_type(value, json_type_int) || number < 1 || number > UINT32_MAX)
			return wrong(r, value, key->name, "it takes a number from 1");
		*(uint32_t *)to = (uint32_t)number;
		return 0;
	case VALUE_LEVEL:
		if (!value || log_level_parse(json_object_get_string(value), (enum log_level *)to) < 0)
			return wrong(r, value, key->name, "it takes error, warning, info or debug");
		return 0;
	case SECTION:
		break;
	}
	return 0;
}

static int read_section(const struct reading *r, struct json_object *section, const char *prefix)
{
	if (!json_object_is_type(section, json_type_object))
		return wrong(r, section, prefix[0] ? prefix : "the file", "it takes KEY: VALUE lines");
	json_object_object_foreach(section, name, value) {
		const struct key *key = NULL;
		char full[128];

		snprintf(full, sizeof(full), "%s%s%s", prefix, prefix[0] ? "." : "", name);
		for (size_t i = 0; i < ARRAY_SIZE(keys) && !key; i++)
			if (!strcmp(keys[i].name, full))
				key = &keys[i];
		if (!key)
			return wrong(r, value, full, "there is no such key (see slurm-kube-agent(8))");
		if (key->type == SECTION ? read_section(r, value, full) : set_value(r, key, value))
			return -1;
	}
	return 0;
}

static int check(const char *path, const struct config *c, struct error *err)
{
	struct doorbell_target target;
	char udp[128];

	snprintf(udp, sizeof(udp), "udp:%s", c->doorbell_udp ? c->doorbell_udp : "127.0.0.1:1");
	if (doorbell_target_parse(udp, &target, err) < 0)
		return error_wrap(err, "%s", path);
	if (strlen(c->doorbell_unix) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return error_set(err, ENAMETOOLONG, "%s: doorbell.unix: the path is too long", path);
	return 0;
}

int config_load(const char *path, struct config *ret, struct error *err)
{
	_cleanup_(config_free) struct config c = {
		.create_namespaces = true,
		.minimum_uid = 1000,
		.log_level = LOG_LEVEL_INFO,
	};
	struct reading r = { .path = path, .config = &c, .err = err };
	_cleanup_json_ struct json_object *file = yaml_load(path, err);

	if (!file)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].fallback)
			*(char **)((char *)&c + keys[i].offset) = strdup(keys[i].fallback);
	if (read_section(&r, file, "") < 0 || check(path, &c, err) < 0)
		return -1;
	*ret = c;
	c = (struct config){ 0 };
	return 0;
}

void config_free(struct config *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].type == VALUE_TEXT || keys[i].type == VALUE_PATH)
			free(*(char **)((char *)c + keys[i].offset));
	*c = (struct config){ 0 };
}
