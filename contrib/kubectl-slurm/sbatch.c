/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "contrib/kubectl-slurm/sbatch.h"

#include <errno.h>
#include <string.h>

#include "common/buffer.h"
#include "common/json.h"

#define LIST_MAX 65536

#define NOT_ALL                                                                                    \
	"the job doesn't get the environment of this machine; name what it is to have: "           \
	"--export=NAME,NAME=VALUE"
#define BY_ADMIN "the agent submits as the namespace's user: kubectl slurm -n NAMESPACE"

/* clang-format off */
const struct option sbatch_options[] = {
	{ 'A', "account", "NAME", "", KIND_TEXT, "account" },
	{ 0, "acctg-freq", "LIST", "", KIND_SCRIPT, NULL },
	{ 'a', "array", "INDEXES", "", KIND_TEXT, "array" },
	{ 0, "batch", "LIST", "", KIND_SCRIPT, NULL },
	{ 0, "bb", "SPEC", "", KIND_SCRIPT, NULL },
	{ 0, "bbf", "FILE", "", KIND_NOWHERE, "write the file's #BB or #DW lines into the script" },
	{ 'b', "begin", "TIME", "", KIND_TEXT, "begin" },
	{ 'D', "chdir", "FOLDER", "", KIND_TEXT, "workingDir" },
	{ 0, "cluster-constraint", "LIST", "", KIND_SCRIPT, NULL },
	{ 'M', "clusters", "NAME", "", KIND_CLUSTER, "cluster" },
	{ 0, "comment", "TEXT", "", KIND_TEXT, "comment" },
	{ 'C', "constraint", "LIST", "", KIND_TEXT, "constraint" },
	{ 0, "container", "IMAGE", "", KIND_TEXT, "container.image" },
	{ 0, "container-device", "LIST", "", KIND_LIST, "container.devices" },
	{ 0, "container-entrypoint", NULL, "", KIND_YES, "container.entrypoint" },
	{ 0, "container-env", "NAMES", "", KIND_NAMES, "container.env" },
	{ 0, "container-id", "ID", "", KIND_SCRIPT, NULL },
	{ 0, "container-image", "IMAGE", "", KIND_TEXT, "container.image" },
	{ 0, "container-mount-home", NULL, "", KIND_YES, "container.mountHome" },
	{ 0, "container-mounts", "LIST", "", KIND_MOUNTS, "container.mounts" },
	{ 0, "container-name", "NAME", "", KIND_TEXT, "container.name" },
	{ 0, "container-readonly", NULL, "", KIND_NO, "container.writable" },
	{ 0, "container-remap-root", NULL, "", KIND_YES, "container.remapRoot" },
	{ 0, "container-save", "PATH", "", KIND_TEXT, "container.save" },
	{ 0, "container-scope", "all|steps", "", KIND_TEXT, "container.scope" },
	{ 0, "container-workdir", "FOLDER", "", KIND_TEXT, "container.workdir" },
	{ 0, "container-writable", NULL, "", KIND_YES, "container.writable" },
	{ 0, "contiguous", NULL, "", KIND_SCRIPT, NULL },
	{ 'S', "core-spec", "N", "", KIND_SCRIPT, NULL },
	{ 0, "cores-per-socket", "N", "", KIND_SCRIPT, NULL },
	{ 0, "cpu-freq", "SPEC", "", KIND_SCRIPT, NULL },
	{ 0, "cpus-per-gpu", "N", "", KIND_SCRIPT, NULL },
	{ 'c', "cpus-per-task", "N", "", KIND_NUMBER, "cpusPerTask" },
	{ 0, "deadline", "TIME", "", KIND_TEXT, "deadline" },
	{ 0, "delay-boot", "MINUTES", "", KIND_SCRIPT, NULL },
	{ 'd', "dependency", "LIST", "", KIND_TEXT, "dependency" },
	{ 'm', "distribution", "SPEC", "", KIND_SCRIPT, NULL },
	{ 'e', "error", "FILE", "", KIND_TEXT, "error" },
	{ 'x', "exclude", "NODES", "", KIND_TEXT, "excludeNodes" },
	{ 0, "exclusive", "[WHAT]", "", KIND_SCRIPT, NULL },
	{ 0, "export", "NAMES", "", KIND_EXPORT, "environment" },
	{ 0, "export-file", "FILE", "", KIND_NOWHERE, "name the variables: --export=NAME=VALUE,..." },
	{ 0, "extra", "TEXT", "", KIND_SCRIPT, NULL },
	{ 'B', "extra-node-info", "SPEC", "", KIND_SCRIPT, NULL },
	{ 0, "get-user-env", "[HOW]", "", KIND_NOWHERE, "begin the script with #!/bin/bash -l" },
	{ 0, "gid", "GROUP", "", KIND_NOWHERE, BY_ADMIN },
	{ 0, "gpu-bind", "SPEC", "", KIND_SCRIPT, NULL },
	{ 0, "gpu-freq", "SPEC", "", KIND_SCRIPT, NULL },
	{ 'G', "gpus", "N", "", KIND_GPUS, "tresPerJob" },
	{ 0, "gpus-per-node", "N", "", KIND_GPUS, "tresPerNode" },
	{ 0, "gpus-per-socket", "N", "", KIND_GPUS, "tresPerSocket" },
	{ 0, "gpus-per-task", "N", "", KIND_GPUS, "tresPerTask" },
	{ 0, "gres", "LIST", "", KIND_TEXT, "gres" },
	{ 0, "gres-flags", "LIST", "", KIND_SCRIPT, NULL },
	{ 0, "hint", "WORD", "", KIND_SCRIPT, NULL },
	{ 'H', "hold", NULL, "", KIND_YES, "hold" },
	{ 0, "ignore-pbs", NULL, "", KIND_SCRIPT, NULL },
	{ 'i', "input", "FILE", "", KIND_TEXT, "input" },
	{ 'J', "job-name", "NAME", "", KIND_JOB_NAME, "jobName" },
	{ 0, "kill-on-invalid-dep", "yes|no", "", KIND_SCRIPT, NULL },
	{ 'L', "licenses", "LIST", "", KIND_TEXT, "licenses" },
	{ 0, "mail-type", "LIST", "", KIND_SCRIPT, NULL },
	{ 0, "mail-user", "NAME", "", KIND_SCRIPT, NULL },
	{ 0, "mcs-label", "LABEL", "", KIND_SCRIPT, NULL },
	{ 0, "mem", "SIZE", "", KIND_TEXT, "memoryPerNode" },
	{ 0, "mem-bind", "SPEC", "", KIND_SCRIPT, NULL },
	{ 0, "mem-per-cpu", "SIZE", "", KIND_TEXT, "memoryPerCpu" },
	{ 0, "mem-per-gpu", "SIZE", "", KIND_SCRIPT, NULL },
	{ 0, "mincpus", "N", "", KIND_SCRIPT, NULL },
	{ 0, "network", "SPEC", "", KIND_SCRIPT, NULL },
	{ 0, "nice", "[N]", "", KIND_NICE, "nice" },
	{ 0, "no-container-entrypoint", NULL, "", KIND_NO, "container.entrypoint" },
	{ 0, "no-container-mount-home", NULL, "", KIND_NO, "container.mountHome" },
	{ 0, "no-container-remap-root", NULL, "", KIND_NO, "container.remapRoot" },
	{ 'k', "no-kill", "[off]", "", KIND_SCRIPT, NULL },
	{ 0, "no-requeue", NULL, "", KIND_SCRIPT, NULL },
	{ 'F', "nodefile", "FILE", "", KIND_NOWHERE, "name the nodes: --nodelist=NODES" },
	{ 'w', "nodelist", "NODES", "", KIND_TEXT, "nodeList" },
	{ 'N', "nodes", "N", "", KIND_TEXT, "nodes" },
	{ 'n', "ntasks", "N", "", KIND_NUMBER, "tasks" },
	{ 0, "ntasks-per-core", "N", "", KIND_SCRIPT, NULL },
	{ 0, "ntasks-per-gpu", "N", "", KIND_SCRIPT, NULL },
	{ 0, "ntasks-per-node", "N", "", KIND_NUMBER, "tasksPerNode" },
	{ 0, "ntasks-per-socket", "N", "", KIND_SCRIPT, NULL },
	{ 0, "open-mode", "append|truncate", "", KIND_MODE, "openMode" },
	{ 'o', "output", "FILE", "", KIND_TEXT, "output" },
	{ 'O', "overcommit", NULL, "", KIND_SCRIPT, NULL },
	{ 's', "oversubscribe", NULL, "", KIND_SCRIPT, NULL },
	{ 0, "parsable", NULL, "", KIND_NOTHING, NULL },
	{ 'p', "partition", "NAME", "", KIND_TEXT, "partition" },
	{ 0, "power", "FLAGS", "", KIND_SCRIPT, NULL },
	{ 0, "prefer", "LIST", "", KIND_SCRIPT, NULL },
	{ 0, "priority", "N", "", KIND_NUMBER, "priority" },
	{ 0, "profile", "LIST", "", KIND_SCRIPT, NULL },
	{ 0, "propagate", "[LIMITS]", "", KIND_NOWHERE, "the job has the limits of its node; use ulimit in the script" },
	{ 'q', "qos", "NAME", "", KIND_TEXT, "qos" },
	{ 'Q', "quiet", NULL, "", KIND_NOTHING, NULL },
	{ 0, "reboot", NULL, "", KIND_SCRIPT, NULL },
	{ 0, "requeue", NULL, "", KIND_SCRIPT, NULL },
	{ 0, "reservation", "NAMES", "", KIND_TEXT, "reservation" },
	{ 0, "segment", "N", "", KIND_SCRIPT, NULL },
	{ 0, "signal", "SPEC", "", KIND_SCRIPT, NULL },
	{ 0, "sockets-per-node", "N", "", KIND_SCRIPT, NULL },
	{ 0, "spread-job", NULL, "", KIND_SCRIPT, NULL },
	{ 0, "stepmgr", NULL, "", KIND_SCRIPT, NULL },
	{ 0, "switches", "N[@TIME]", "", KIND_SCRIPT, NULL },
	{ 0, "test-only", NULL, "", KIND_NOWHERE, "kubectl slurm submit --dry-run=server lets the API server check the object" },
	{ 0, "thread-spec", "N", "", KIND_SCRIPT, NULL },
	{ 0, "threads-per-core", "N", "", KIND_SCRIPT, NULL },
	{ 't', "time", "TIME", "", KIND_TEXT, "timeLimit" },
	{ 0, "time-min", "TIME", "", KIND_SCRIPT, NULL },
	{ 0, "tmp", "SIZE", "", KIND_SCRIPT, NULL },
	{ 0, "tres-bind", "SPEC", "", KIND_SCRIPT, NULL },
	{ 0, "tres-per-task", "LIST", "", KIND_TEXT, "tresPerTask" },
	{ 0, "uid", "USER", "", KIND_NOWHERE, BY_ADMIN },
	{ 0, "usage", NULL, NULL, KIND_NOWHERE, "kubectl slurm submit --help" },
	{ 0, "use-min-nodes", NULL, "", KIND_SCRIPT, NULL },
	{ 'v', "verbose", NULL, "", KIND_NOTHING, NULL },
	{ 'V', "version", NULL, NULL, KIND_NOWHERE, "kubectl slurm --version" },
	{ 'W', "wait", NULL, "", KIND_WAIT, NULL },
	{ 0, "wait-all-nodes", "0|1", "", KIND_SCRIPT, NULL },
	{ 0, "wckey", "NAME", "", KIND_SCRIPT, NULL },
	{ 0, "wrap", "COMMAND", "", KIND_WRAP, NULL },
	{ 0 },
};
/* clang-format on */

/* -- values ----------------------------------------------------------------------------------- */

static struct json_object *number_of(const char *text, bool negative)
{
	const char *digits = text + (negative && (*text == '-' || *text == '+'));
	long long n;
	char *end;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (digits[0] < '0' || digits[0] > '9' || *end || errno || n > INT32_MAX)
		return NULL;
	return json_object_new_int64(n);
}

/* "4" and "a100:2,h100:1" as "gres:gpu:4" and "gres:gpu:a100:2,gres:gpu:h100:1" */
static struct json_object *gpus_of(const char *text)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(LIST_MAX);
	_cleanup_free_ char *list = strdup(text);
	char *rest = list, *item;

	while (list && (item = strsep(&rest, ",")))
		buffer_printf(&b, "%sgres:gpu:%s", b.used ? "," : "", item);
	return b.data && !b.overflowed ? json_object_new_string(b.data) : NULL;
}

/* SOURCE[:TARGET[:FLAG+FLAG]] */
static struct json_object *mount_of(char *item)
{
	struct json_object *o = json_object_new_object();
	const char *source = strsep(&item, ":"), *target = item ? strsep(&item, ":") : NULL;

	if (target)
		json_set_string(o, "source", source);
	json_set_string(o, "target", target ? target : source);
	for (char *p = item; p && *p; p++)
		if (*p == '+')
			*p = ',';
	json_set_string(o, "options", item);
	return o;
}

static struct json_object *name_of(char *item)
{
	struct json_object *o = json_object_new_object();

	json_set_string(o, "name", item);
	return o;
}

static struct json_object *item_of(char *item)
{
	return json_object_new_string(item);
}

static struct json_object *list_of(const char *text, struct json_object *(*make)(char *))
{
	struct json_object *list = json_object_new_array();
	_cleanup_free_ char *copy = strdup(text);
	char *rest = copy, *item;

	while (copy && (item = strsep(&rest, ",")))
		json_object_array_add(list, make(item));
	return list;
}

/* NAME=VALUE, or NAME of a variable here; NONE and NIL for none. NULL with err filled otherwise. */
static struct json_object *variables_of(const struct sbatch *s, const char *text, struct error *err)
{
	_cleanup_json_ struct json_object *list = json_object_new_array();
	_cleanup_free_ char *copy = strdup(text);
	char *rest = copy, *item;

	while (copy && (item = strsep(&rest, ","))) {
		char *value = strchr(item, '=');
		struct json_object *o;

		if (!strcasecmp(item, "NONE") || !strcasecmp(item, "NIL") || !item[0])
			continue;
		if (!strcasecmp(item, "ALL") && s->file) {
			/* Many scripts have it, as it is sbatch's default. */
			fprintf(stderr, "kubectl slurm submit: %s: line %u: --export=ALL: %s\n",
				s->file, s->line, NOT_ALL);
			continue;
		}
		if (!strcasecmp(item, "ALL")) {
			error_set(err, EINVAL, "%s", NOT_ALL);
			return NULL;
		}
		if (value)
			*value++ = 0;
		else if (!(value = getenv(item))) {
			error_set(err, EINVAL,
				  "there is no variable %.100s here; give it a value: %.100s=VALUE",
				  item, item);
			return NULL;
		}
		o = name_of(item);
		json_set_string(o, "value", value);
		json_object_array_add(list, o);
	}
	return TAKE_PTR(list);
}

static struct json_object *mode_of(const char *text)
{
	static const char *const modes[][2] = { { "append", "Append" },
						{ "truncate", "Truncate" } };

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (text[0] && !strncasecmp(text, modes[i][0], strlen(text)))
			return json_object_new_string(modes[i][1]);
	return NULL;
}

static struct json_object *value_of(const struct sbatch *s, const struct option *o,
				    const char *value, struct error *err)
{
	switch ((enum kind)o->id) {
	case KIND_NUMBER:
		return number_of(value, false);
	case KIND_NICE:
		return number_of(value ?: "100", true);
	case KIND_YES:
		return json_object_new_boolean(true);
	case KIND_NO:
		return json_object_new_boolean(false);
	case KIND_GPUS:
		return gpus_of(value);
	case KIND_MOUNTS:
		return list_of(value, mount_of);
	case KIND_NAMES:
		return list_of(value, name_of);
	case KIND_LIST:
		return list_of(value, item_of);
	case KIND_EXPORT:
		return variables_of(s, value, err);
	case KIND_MODE:
		return mode_of(value);
	case KIND_CLUSTER:
		return strchr(value, ',') ? NULL : json_object_new_string(value);
	default:
		return json_object_new_string(value);
	}
}

/* -- options ---------------------------------------------------------------------------------- */

static void put(struct json_object *spec, const char *field, struct json_object *value)
{
	const char *dot = strchr(field, '.');
	struct json_object *inner;

	if (!dot) {
		json_object_object_add(spec, field, value);
		return;
	}
	inner = json_get(spec, "container");
	if (!inner) {
		inner = json_object_new_object();
		json_object_object_add(spec, "container", inner);
	}
	json_object_object_add(inner, dot + 1, value);
}

/* Of these two the last one counts. */
static void forget_other(struct json_object *spec, const char *field)
{
	if (!strcmp(field, "memoryPerNode"))
		json_object_object_del(spec, "memoryPerCpu");
	if (!strcmp(field, "memoryPerCpu"))
		json_object_object_del(spec, "memoryPerNode");
}

static const char *expected(const struct option *o)
{
	if (o->id == KIND_CLUSTER)
		return "name one cluster";
	if (o->id == KIND_MODE)
		return "it is append or truncate";
	return o->letter == 'n' ? "it takes a number; a namespace is --namespace=NAME"
				: "it takes a number";
}

static int set_field(struct sbatch *s, const struct option *o, const char *value, struct error *err)
{
	struct json_object *v;

	err->code = 0;
	v = value_of(s, o, value, err);
	if (!v && err->code)
		return error_wrap(err, "--%s", o->name);
	if (!v)
		return error_set(err, EINVAL, "--%s=%.60s: %s", o->name, value ?: "", expected(o));
	if (o->id == KIND_JOB_NAME) {
		free(s->job_name);
		s->job_name = strdup(value);
	}
	forget_other(s->spec, o->field);
	put(s->spec, o->field, v);
	return 0;
}

int sbatch_set(struct sbatch *s, const struct option *o, const char *value, struct error *err)
{
	/* Other components' options are in no field: sbatch reads them. */
	if (s->hetjob && o->id < KIND_NOWHERE)
		return 0;
	switch ((enum kind)o->id) {
	case KIND_SCRIPT:
		if (s->file)
			return 0;
		return error_set(err, EINVAL,
				 "--%s is no field of a SlurmJob; write it into the script: "
				 "#SBATCH --%s%s%s",
				 o->name, o->name, value ? "=" : "", value ?: "");
	case KIND_NOWHERE:
		return error_set(err, EINVAL, "--%s can't be had here; %s", o->name, o->field);
	case KIND_WRAP:
		if (s->file)
			return error_set(err, EINVAL, "--wrap stands on the command line only");
		s->wrap = value;
		return 0;
	case KIND_WAIT:
		if (s->file)
			return error_set(
				err, EINVAL,
				"--wait would keep the agent waiting; take it out, and use: "
				"kubectl slurm submit --watch");
		s->waits = true;
		return 0;
	case KIND_NOTHING:
		return 0;
	default:
		return set_field(s, o, value, err);
	}
}

void sbatch_merge(struct json_object *spec, struct json_object *lines)
{
	json_object_object_foreach (lines, key, value) {
		struct json_object *mine = json_get(spec, key);

		if (!strcmp(key, "container") && mine)
			sbatch_merge(mine, value);
		else if (mine ||
			 (!strcmp(key, "memoryPerNode") && json_get(spec, "memoryPerCpu")) ||
			 (!strcmp(key, "memoryPerCpu") && json_get(spec, "memoryPerNode")))
			continue;
		else
			json_object_object_add(spec, key, json_object_get(value));
	}
}
