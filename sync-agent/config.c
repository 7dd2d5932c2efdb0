/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/doorbell.h"
#include "common/json.h"
#include "common/yaml.h"
#include "sync-agent/config_keys.h"
#include "sync-agent/kubelet/protocol.h"
#include "sync-agent/mirror/fields.h"
#include "sync-agent/results/options.h"

/* A section's rows follow under its name and a dot. */
const struct key config_keys[] = {
	{ "cluster", VALUE_TEXT, offsetof(struct config, cluster), NULL, true },
	{ "slurmConf", VALUE_PATH, offsetof(struct config, slurm_conf), NULL, true },
	{ "kubeconfig", VALUE_PATH, offsetof(struct config, kubeconfig), NULL, true },
	{ "doorbell", SECTION, 0, NULL, false },
	{ "doorbell.unix", VALUE_SOCKET, offsetof(struct config, doorbell_unix),
	  "/run/slurm-kube/doorbell", true },
	{ "doorbell.udp", VALUE_ADDRESS, offsetof(struct config, doorbell_udp), NULL, true },
	{ "doorbell.mungeSocket", VALUE_PATH, offsetof(struct config, munge_socket), NULL, true },
	{ "http", SECTION, 0, NULL, false },
	{ "http.listen", VALUE_ADDRESS, offsetof(struct config, http_listen), NULL, true },
	{ "kubelet", SECTION, 0, NULL, false },
	{ "kubelet.listen", VALUE_ADDRESS, offsetof(struct config, kubelet_listen), NULL, true },
	{ "kubelet.certificate", VALUE_PATH, offsetof(struct config, kubelet_certificate), NULL, true },
	{ "kubelet.key", VALUE_PATH, offsetof(struct config, kubelet_key), NULL, true },
	{ "kubelet.clientCA", VALUE_PATH, offsetof(struct config, kubelet_client_ca), NULL, true },
	{ "kubelet.clientNames", VALUE_WORDS, offsetof(struct config, kubelet_client_names), NULL,
	  true },
	{ "kubelet.streams", VALUE_COUNT, offsetof(struct config, kubelet_streams), NULL, true },
	{ "namespaces", SECTION, 0, NULL, false },
	{ "namespaces.template", VALUE_TEMPLATE, offsetof(struct config, namespace), "slurm-{user}",
	  true },
	{ "namespaces.create", VALUE_BOOL, offsetof(struct config, create_namespaces), NULL,
	  false },
	{ "filter", SECTION, 0, NULL, false },
	{ "filter.partitions", VALUE_WORDS, offsetof(struct config, filter_partitions), NULL,
	  false },
	{ "filter.accounts", VALUE_WORDS, offsetof(struct config, filter_accounts), NULL, false },
	{ "filter.users", VALUE_WORDS, offsetof(struct config, filter_users), NULL, false },
	{ "finished", SECTION, 0, NULL, false },
	{ "finished.ttl", VALUE_TIME, offsetof(struct config, finished_ttl), NULL, false },
	{ "finished.most", VALUE_COUNT, offsetof(struct config, finished_most), NULL, false },
	{ "finished.history", VALUE_TIME, offsetof(struct config, history), NULL, false },
	{ "defaultCluster", VALUE_BOOL, offsetof(struct config, default_cluster), NULL, false },
	{ "operatorActions", VALUE_ACTIONS, offsetof(struct config, operator_actions), NULL, true },
	{ "leader", SECTION, 0, NULL, false },
	{ "leader.elect", VALUE_BOOL, offsetof(struct config, elect), NULL, true },
	{ "leader.lease", VALUE_TIME, offsetof(struct config, lease), NULL, true },
	{ "leader.namespace", VALUE_TEXT, offsetof(struct config, lease_namespace), NULL, true },
	{ "nodes", SECTION, 0, NULL, false },
	{ "nodes.create", VALUE_CHOICE, offsetof(struct config, nodes_create), "none", true },
	{ "nodes.address", VALUE_TEXT, offsetof(struct config, nodes_address), NULL, true },
	{ "logs", SECTION, 0, NULL, false },
	{ "logs.pods", VALUE_CHOICE, offsetof(struct config, logs_pods), "none", true },
	{ "pods", SECTION, 0, NULL, false },
	{ "pods.scheduler", VALUE_TEXT, offsetof(struct config, pods_scheduler), NULL, true },
	{ "pods.hostPaths", VALUE_WORDS, offsetof(struct config, host_paths), NULL, false },
	{ "pods.priorityClasses", VALUE_WORDS, offsetof(struct config, priority_classes), NULL,
	  false },
	{ "results", SECTION, 0, NULL, false },
	{ "results.volumes", VALUE_VOLUMES, offsetof(struct config, results_volumes), NULL, false },
	{ "results.httpAllow", VALUE_HOSTS, offsetof(struct config, results_http_allow), NULL, false },
	{ "results.httpCA", VALUE_PATH, offsetof(struct config, results_http_ca), NULL, false },
	{ "results.maxBytes", VALUE_SIZE, offsetof(struct config, results_max_bytes), NULL, false },
	{ "results.timeout", VALUE_TIME, offsetof(struct config, results_timeout), NULL, false },
	{ "results.parallel", VALUE_COUNT, offsetof(struct config, results_parallel), NULL, false },
	{ "minimumUid", VALUE_UID, offsetof(struct config, minimum_uid), NULL, false },
	{ "stateFolder", VALUE_PATH, offsetof(struct config, state_folder), "/var/lib/slurm-kube",
	  true },
	{ "logLevel", VALUE_LEVEL, offsetof(struct config, log_level), NULL, false },
};
const size_t n_config_keys = ARRAY_SIZE(config_keys);

static const struct {
	const char *key, *words[3], *problem;
} choices[] = {
	{ "nodes.create", { "none", "partition", "cluster" }, "it takes none, partition or cluster" },
	{ "logs.pods", { "none", "annotated", "all" }, "it takes none, annotated or all" },
};

/* Where a value is, for messages. */
struct place {
	const char *path;
	int line;
	const char *name;
	struct error *err;
};

static int wrong(const struct place *at, const char *wanted)
{
	if (!at->line)
		return error_set(at->err, EINVAL, "%s: %s", at->path, wanted);
	return error_set(at->err, EINVAL, "%s:%d: %.100s: %s", at->path, at->line, at->name,
			 wanted);
}

bool words_have(const struct words *w, const char *word)
{
	for (size_t i = 0; i < w->n; i++)
		if (!strcmp(w->list[i], word))
			return true;
	return false;
}

static bool is_template(const char *text)
{
	static const char *const variables[] = { "{user}", "{account}", "{partition}" };

	while ((text = strpbrk(text, "{}"))) {
		size_t n = 0;

		for (size_t i = 0; i < ARRAY_SIZE(variables) && !n; i++)
			if (!strncmp(text, variables[i], strlen(variables[i])))
				n = strlen(variables[i]);
		if (!n)
			return false;
		text += n;
	}
	return true;
}

static int check_choice(const struct place *at, const struct key *key, const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		if (strcmp(choices[i].key, key->name))
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(choices[i].words); j++)
			if (!strcmp(choices[i].words[j], text))
				return 0;
		return wrong(at, choices[i].problem);
	}
	return 0;
}

static int check_text(const struct place *at, enum value_type type, const char *text)
{
	struct doorbell_target target;
	struct error err;
	char whole[128];

	if ((type == VALUE_PATH || type == VALUE_SOCKET) && text[0] != '/')
		return wrong(at, "it takes an absolute path");
	if (type == VALUE_SOCKET && strlen(text) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return wrong(at, "the path of a socket has at most 107 bytes");
	if (type == VALUE_TEMPLATE && !is_template(text))
		return wrong(at, "it knows {user}, {account} and {partition}");
	snprintf(whole, sizeof(whole), "udp:%s", text);
	if (type == VALUE_ADDRESS && doorbell_target_parse(whole, &target, &err) < 0)
		return wrong(at, err.text);
	return 0;
}

static int set_text(const struct place *at, const struct key *key, char **to,
		    struct json_object *value)
{
	const char *text = json_object_get_string(value);

	if (!json_object_is_type(value, json_type_string) || !text[0] ||
	    strlen(text) != (size_t)json_object_get_string_len(value))
		return wrong(at, "it takes a text");
	if (check_text(at, key->type, text) < 0 ||
	    (key->type == VALUE_CHOICE && check_choice(at, key, text) < 0))
		return -1;
	free(*to);
	*to = strdup(text);
	return *to ? 0 : error_set(at->err, ENOMEM, "out of memory");
}

/* Returns -1 if it is no such time. */
static int64_t parse_time(struct json_object *value)
{
	static const struct {
		const char *unit;
		int64_t seconds;
	} units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
	const char *text = value ? json_object_get_string(value) : "";
	char *end;
	long long n;

	if (text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	n = strtoll(text, &end, 10);
	for (size_t i = 0; i < ARRAY_SIZE(units) && !errno; i++)
		if (!strcmp(end, units[i].unit) && n <= INT32_MAX / units[i].seconds)
			return n * units[i].seconds;
	return -1;
}

static int check_word(const struct place *at, enum value_type type, const char *text)
{
	struct error err;

	if (type == VALUE_ACTIONS && !field_is_action(text))
		return error_set(at->err, EINVAL, "%s:%d: %.100s: there is no action '%.40s'; there "
				 "are hold, release, suspend, resume, requeue, cancel and the "
				 "fields that an edit changes, such as priority",
				 at->path, at->line, at->name, text);
	if ((type == VALUE_VOLUMES && results_check_volume(text, &err) < 0) ||
	    (type == VALUE_HOSTS && results_check_host(text, &err) < 0))
		return wrong(at, err.text);
	return 0;
}

static int set_words(const struct place *at, enum value_type type, struct words *to,
		     struct json_object *value)
{
	size_t n = json_length(value);

	if (!json_object_is_type(value, json_type_array))
		return wrong(at, "it takes a list of words");
	words_free(to);
	to->list = calloc(n + 1, sizeof(*to->list));
	if (!to->list)
		return error_set(at->err, ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		struct json_object *word = json_object_array_get_idx(value, i);
		const char *text = json_object_get_string(word);

		if (!json_object_is_type(word, json_type_string) || !text[0] ||
		    strlen(text) != (size_t)json_object_get_string_len(word))
			return wrong(at, "it takes a list of words");
		if (check_word(at, type, text) < 0)
			return -1;
		to->list[to->n] = strdup(text);
		if (!to->list[to->n++])
			return error_set(at->err, ENOMEM, "out of memory");
	}
	return 0;
}

static int set_value(const struct place *at, const struct key *key, void *to,
		     struct json_object *value)
{
	int64_t number = json_object_get_int64(value);

	switch (key->type) {
	case VALUE_BOOL:
		if (!json_object_is_type(value, json_type_boolean))
			return wrong(at, "it takes true or false");
		*(bool *)to = json_object_get_boolean(value);
		return 0;
	case VALUE_UID:
		if (!json_object_is_type(value, json_type_int) || number < 1 ||
		    number >= UINT32_MAX)
			return wrong(at, "it takes a number from 1 to 4294967294");
		*(uint32_t *)to = (uint32_t)number;
		return 0;
	case VALUE_WORDS:
	case VALUE_ACTIONS:
	case VALUE_VOLUMES:
	case VALUE_HOSTS:
		return set_words(at, key->type, to, value);
	case VALUE_COUNT:
		if (!json_object_is_type(value, json_type_int) || number < 0)
			return wrong(at, "it takes a number from 0");
		*(int64_t *)to = number;
		return 0;
	case VALUE_TIME:
		*(int64_t *)to = parse_time(value);
		if (*(int64_t *)to < 0)
			return wrong(at, "it takes seconds, or a number with s, m, h or d");
		return 0;
	case VALUE_SIZE:
		if (!value || results_parse_size(json_object_get_string(value), to) < 0)
			return wrong(at, "it takes bytes, a number with K, M, G or T, or none");
		return 0;
	case VALUE_LEVEL:
		if (!value || log_level_parse(json_object_get_string(value), to) < 0)
			return wrong(at, "it takes error, warning, info or debug");
		return 0;
	default:
		return set_text(at, key, to, value);
	}
}

static const struct key *key_find(const char *prefix, const char *name)
{
	char full[128];

	snprintf(full, sizeof(full), "%s%s%s", prefix, prefix[0] ? "." : "", name);
	for (size_t i = 0; i < n_config_keys && !strchr(name, '.'); i++)
		if (!strcmp(config_keys[i].name, full))
			return &config_keys[i];
	return NULL;
}

static int read_section(const struct place *section, struct json_object *values, const char *prefix,
			struct config *c)
{
	if (!json_object_is_type(values, json_type_object))
		return wrong(section, "it takes KEY: VALUE lines");
	json_object_object_foreach (values, name, value) {
		const struct key *key = key_find(prefix, name);
		struct place at = { section->path, yaml_line(values, name), key ? key->name : name,
				    section->err };

		if (!key)
			return wrong(&at, "there is no such key (see slurm-kube-agent(8))");
		if (key->type == SECTION ? read_section(&at, value, key->name, c)
					 : set_value(&at, key, (char *)c + key->offset, value))
			return -1;
	}
	return 0;
}

int config_load(const char *path, struct config *ret, struct error *err)
{
	_cleanup_(config_free) struct config c = {
		.create_namespaces = true,
		.default_cluster = true,
		.elect = true,
		.lease = 15,
		.kubelet_streams = 1024,
		.minimum_uid = 1000,
		.finished_ttl = 86400,
		.finished_most = 100000,
		.history = 86400,
		.results_max_bytes = RESULTS_MAX_BYTES,
		.results_timeout = RESULTS_TIMEOUT,
		.results_parallel = RESULTS_PARALLEL,
		.log_level = LOG_LEVEL_INFO,
	};
	struct place whole = { .path = path, .err = err };
	_cleanup_json_ struct json_object *file = yaml_load(path, err);

	if (!file)
		return -1;
	if (read_section(&whole, file, "", &c) < 0)
		return -1;
	for (size_t i = 0; i < n_config_keys; i++) {
		char **to = (char **)((char *)&c + config_keys[i].offset);

		if (config_keys[i].fallback && !*to && !(*to = strdup(config_keys[i].fallback)))
			return error_set(err, ENOMEM, "out of memory");
	}
	if (c.pods_scheduler && !strcmp(c.nodes_create, "none"))
		return error_set(err, EINVAL,
				 "%s: pods.scheduler: pods need virtual nodes to be on; set nodes.create", path);
	if (strcmp(c.logs_pods, "none") && !strcmp(c.nodes_create, "none"))
		return error_set(err, EINVAL, "%s: logs.pods: pods need virtual nodes to be on; set nodes.create",
				 path);
	if (!c.kubelet_certificate != !c.kubelet_key)
		return wrong(&whole, "kubelet.certificate and kubelet.key belong together");
	if (c.kubelet_client_names.n && !c.kubelet_client_ca)
		return wrong(&whole, "kubelet.clientNames are of certificates by kubelet.clientCA, which isn't set");
	if (results_check_config(&c, err) < 0)
		return error_wrap(err, "%s", path);
	if (c.kubelet_streams < 1 || c.kubelet_streams > KUBELET_STREAMS_MAX)
		return wrong(&whole, "kubelet.streams is from 1 to 4096");
	*ret = c;
	c = (struct config){ 0 };
	return 0;
}
