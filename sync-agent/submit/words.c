/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/submit/words.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "common/stamp.h"

/* Slurm's words without capitals, and the fields of spec that they may be about: the first that spec has. */
static const struct {
	const char *words;
	const char *fields[5];
} abouts[] = {
	{ "account or account/partition", { "account", "partition" } },
	{ "invalid account", { "account" } },
	{ "invalid partition", { "partition" } },
	{ "partition(s) requested", { "partition" } },
	{ "user's group not permitted to use this partition", { "partition" } },
	{ "account not permitted to use this partition", { "account", "partition" } },
	{ "invalid qos", { "qos" } },
	{ "qos not permitted", { "qos", "partition" } },
	{ "reservation", { "reservation" } },
	{ "time limit", { "timeLimit" } },
	{ "invalid --time", { "timeLimit" } },
	{ "invalid time specification", { "timeLimit", "begin", "deadline" } },
	{ "begin", { "begin" } },
	{ "deadline", { "deadline" } },
	{ "array", { "array" } },
	{ "dependency", { "dependency" } },
	{ "generic resource", { "gres", "tresPerNode", "tresPerJob", "tresPerTask", "tresPerSocket" } },
	{ "gres", { "gres", "tresPerNode", "tresPerJob", "tresPerTask", "tresPerSocket" } },
	{ "tres", { "tresPerNode", "tresPerJob", "tresPerTask", "tresPerSocket", "gres" } },
	{ "gpus", { "tresPerJob", "tresPerNode", "tresPerTask", "tresPerSocket", "gres" } },
	{ "feature", { "constraint" } },
	{ "license", { "licenses" } },
	{ "memory specification", { "memoryPerNode", "memoryPerCpu" } },
	{ "--mem-per-cpu", { "memoryPerCpu" } },
	{ "memory", { "memoryPerNode", "memoryPerCpu" } },
	{ "node count", { "nodes" } },
	{ "--nodes", { "nodes" } },
	{ "cpu count", { "tasks", "cpusPerTask", "nodes" } },
	{ "more processors requested", { "tasks", "cpusPerTask", "nodes" } },
	{ "invalid node name", { "nodeList", "excludeNodes" } },
	{ "requested node configuration",
	  { "nodes", "tasks", "cpusPerTask", "memoryPerNode", "constraint" } },
	{ "priority", { "priority" } },
	{ "nice", { "nice" } },
	{ "batch script", { "script", "scriptFrom" } },
	{ "container", { "container" } },
	{ "mount", { "container" } },
	{ "image", { "container" } },
};

/* Nobody knows whether the request was taken. */
static const char *const lost[] = {
	"unable to contact slurm controller",
	"socket timed out",
	"connection refused",
	"zero bytes were transmitted",
	"transport endpoint",
	"unexpected message received",
	"slurm backup controller in standby mode",
	"slurm temporarily unable to accept job",
	"communication",
};

static bool contains(const char *text, const char *lower)
{
	return strcasestr(text, lower) != NULL;
}

/* One line of sbatch's without who says it. */
static const char *strip(const char *line)
{
	static const char *const prefixes[] = { "sbatch: error: ", "sbatch: fatal: ", "sbatch: " };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(line, prefixes[i], strlen(prefixes[i])))
			return line + strlen(prefixes[i]);
	return line;
}

/* All its lines as one. */
static void join(const char *text, char *buf, size_t size)
{
	_cleanup_free_ char *copy = strdup(text);
	char *rest = copy, *line;
	size_t used = 0;

	buf[0] = '\0';
	while (copy && (line = strsep(&rest, "\n"))) {
		const char *words = strip(line);
		int n;

		if (!words[0])
			continue;
		n = snprintf(buf + used, size - used, "%s%s", used ? "; " : "", words);
		if (n < 0 || used + n >= size)
			return;
		used += n;
	}
}

static const char *field_of(const char *text, struct json_object *spec)
{
	for (size_t i = 0; i < ARRAY_SIZE(abouts); i++) {
		if (!contains(text, abouts[i].words))
			continue;
		for (size_t f = 0; f < ARRAY_SIZE(abouts[i].fields) && abouts[i].fields[f]; f++)
			if (json_get(spec, abouts[i].fields[f]))
				return abouts[i].fields[f];
	}
	return NULL;
}

enum words_meaning words_read(const char *text, struct json_object *spec, char *buf, size_t size)
{
	char words[1024];
	const char *field;

	join(text, words, sizeof(words));
	if (!words[0])
		snprintf(words, sizeof(words), "sbatch failed and said nothing");
	field = field_of(words, spec);
	if (field)
		snprintf(buf, size, "spec.%s: Slurm says: %s", field, words);
	else
		snprintf(buf, size, "Slurm says: %s", words);
	if (contains(words, STAMP_TWICE))
		return WORDS_TWICE;
	for (size_t i = 0; i < ARRAY_SIZE(lost); i++)
		if (contains(words, lost[i]))
			return WORDS_LOST;
	return WORDS_REFUSED;
}
