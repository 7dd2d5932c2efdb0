/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a pod can't say: annotations slurm-kube.io/NAME. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "sync-agent/mirror/object.h"
#include "sync-agent/pods/translation.h"

#define PREFIX OBJECT_GROUP "/"

static const struct {
	const char *name;
	const char *field; /* of the SlurmJob's spec; NULL: of the plan, or left out */
	enum { TEXT, NUMBER, SIGNED, SWITCH, PLAN_TEXT, OTHERS } type;
} rows[] = {
	{ "account", "account", TEXT },
	{ "begin", "begin", TEXT },
	{ "comment", "comment", TEXT },
	{ "constraint", "constraint", TEXT },
	{ "deadline", "deadline", TEXT },
	{ "dependency", "dependency", TEXT },
	{ "exclude-nodes", "excludeNodes", TEXT },
	{ "gres", "gres", TEXT },
	{ "hold", "hold", SWITCH },
	{ "licenses", "licenses", TEXT },
	{ "mpi", "mpi", PLAN_TEXT },
	{ "nice", "nice", SIGNED },
	{ "node-list", "nodeList", TEXT },
	{ "nodes", "nodes", NUMBER },
	{ "partition", "partition", TEXT },
	{ "qos", "qos", TEXT },
	{ "reservation", "reservation", TEXT },
	{ "tasks-per-node", "tasksPerNode", NUMBER },
	{ "time-limit", "timeLimit", TEXT },
	{ "working-dir", "workingDir", TEXT },
	{ "job-id", NULL, OTHERS }, /* the agent's own */
	{ "logs", NULL, OTHERS },
};

/* Whether it is allowed below zero is Slurm's. */
static int take_signed(struct translation *t, const char *path, const char *field, const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < INT32_MIN || n > INT32_MAX)
		return pod_wrong(t, path, "'%.60s' is no number", text);
	json_set_int(t->spec, field, n);
	return 0;
}

static int take_number(struct translation *t, const char *path, const char *field, const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < 1 || n > 100000)
		return pod_wrong(t, path, "'%.60s' is no number above zero", text);
	json_set_int(t->spec, field, n);
	json_set_int(t->plan, field, n);
	return 0;
}

static int take(struct translation *t, const char *path, size_t i, const char *text)
{
	switch (rows[i].type) {
	case TEXT:
		json_set_string(t->spec, rows[i].field, text);
		return 0;
	case NUMBER:
		return take_number(t, path, rows[i].field, text);
	case SIGNED:
		return take_signed(t, path, rows[i].field, text);
	case SWITCH:
		if (strcmp(text, "true") && strcmp(text, "false"))
			return pod_wrong(t, path, "'%.60s' is neither true nor false", text);
		json_set_bool(t->spec, rows[i].field, !strcmp(text, "true"));
		return 0;
	case PLAN_TEXT:
		if (text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")])
			return pod_wrong(t, path, "'%.60s' is no word", text);
		json_set_string(t->plan, rows[i].field, text);
		return 0;
	default:
		return 0;
	}
}

int pod_take_annotations(struct translation *t, struct json_object *annotations)
{
	if (!json_object_is_type(annotations, json_type_object))
		return 0;
	json_object_object_foreach (annotations, name, value) {
		char path[POD_PATH_SIZE];
		size_t i = 0;

		if (strncmp(name, PREFIX, strlen(PREFIX)))
			continue;
		snprintf(path, sizeof(path), "metadata.annotations[%.100s]", name);
		while (i < ARRAY_SIZE(rows) && strcmp(rows[i].name, name + strlen(PREFIX)))
			i++;
		if (i == ARRAY_SIZE(rows))
			return pod_wrong(t, path, "there is no such annotation");
		if (pod_check_text(t, path, value, 4096) < 0 ||
		    take(t, path, i, json_object_get_string(value)) < 0)
			return -1;
	}
	return 0;
}
