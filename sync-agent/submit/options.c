/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/submit/options.h"

#include <errno.h>
#include <string.h>

#include "common/buffer.h"
#include "common/json.h"
#include "common/pod_path.h"
#include "sync-agent/submit/references.h"

#define ENVIRONMENT_MAX (4 << 20) /* bytes of all variables */
#define WHOLE_MAX 1500000 /* bytes of an object: what a program can be handed is 2 MiB */

/* -- options -------------------------------------------------------------------------------- */

struct call {
	struct json_object *spec, *options;
	const char *name, *dependency;
	struct error *err;
};

struct option {
	const char *field;  /* below spec */
	const char *option; /* of sbatch, which takes the value as it is; or: */
	int (*add)(struct call *call, const struct option *row, struct json_object *value);
};

static void add(struct call *call, const char *option, const char *value)
{
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "%s%s%s", option, value ? "=" : "", value ? value : "") < 0)
		text = NULL;
	else
		json_object_array_add(call->options, json_object_new_string(text));
}

static int add_if_true(struct call *call, const struct option *row, struct json_object *value)
{
	if (json_object_get_boolean(value))
		add(call, row->option, NULL);
	return 0;
}

static int add_dependency(struct call *call, const struct option *row, struct json_object *value)
{
	if (call->dependency && call->dependency[0])
		add(call, row->option, call->dependency);
	return 0;
}

/* "gres:gpu[:TYPE]:N" of tresPer*, for which sbatch has --gpus*; others are --gres, by node only. */
static int add_tres(struct call *call, const struct option *row, struct json_object *value)
{
	_cleanup_free_ char *list = strdup(json_object_get_string(value));
	char *rest = list, *item;

	while (list && (item = strsep(&rest, ","))) {
		bool gres = !strncmp(item, "gres:", 5) || !strncmp(item, "gres/", 5);

		item += gres ? 5 : 0;
		if (!strncmp(item, "gpu:", 4))
			add(call, row->option, item + 4);
		else if (!strcmp(row->field, "tresPerNode"))
			add(call, "--gres", item);
		else
			return error_set(call->err, EINVAL,
					 "spec.%s: '%.60s': only gres:gpu can be asked for by "
					 "this field when a job is submitted",
					 row->field, item);
	}
	return 0;
}

static int add_mounts(struct call *call, const struct option *row, struct json_object *list)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(65536);

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		const char *target = json_get_string(o, "target");
		const char *source = json_get_string(o, "source") ?: target;
		const char *flags = json_get_string(o, "options") ?: "";

		if (!target || strpbrk(target, ":,") || strpbrk(source, ":,"))
			return error_set(call->err, EINVAL,
					 "spec.%s[%zu]: a path with ':' or ',' can't be mounted",
					 row->field, i);
		buffer_printf(&b, "%s%s:%s%s", b.used ? "," : "", source, target,
			      flags[0] ? ":" : "");
		for (const char *p = flags; *p; p++)
			buffer_add(&b, *p == ',' ? "+" : p, 1);
	}
	if (b.overflowed)
		return error_set(call->err, E2BIG, "spec.%s: it is too long", row->field);
	if (b.used)
		add(call, row->option, b.data);
	return 0;
}

/* Kubernetes' words begin with a capital, sbatch's don't. */
static int add_mode(struct call *call, const struct option *row, struct json_object *value)
{
	static const char *const modes[][2] = { { "Append", "append" }, { "Truncate", "truncate" } };
	const char *mode = json_object_get_string(value);

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (!strcmp(mode, modes[i][0])) {
			add(call, row->option, modes[i][1]);
			return 0;
		}
	return error_set(call->err, EINVAL, "spec.%s: '%.60s': there are Append and Truncate",
			 row->field, mode);
}

/* Names only: the values are in the job's environment, where no other user sees them. */
static int add_names(struct call *call, const struct option *row, struct json_object *list)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(65536);

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		const char *name = json_object_is_type(o, json_type_string) ?
					   json_object_get_string(o) :
					   json_get_string(o, "name");

		/* A device's name has the form VENDOR/CLASS=NAME. */
		if (!name || strchr(name, ',') || (strchr(name, '=') && !strchr(name, '/')))
			return error_set(call->err, EINVAL, "spec.%s[%zu]: it is no name",
					 row->field, i);
		buffer_printf(&b, "%s%s", b.used ? "," : "", name);
	}
	if (b.used && !b.overflowed)
		add(call, row->option, b.data);
	return 0;
}

/* Options that come as a pair: what the site has as its default may be the other one. */
static int add_pair(struct call *call, const struct option *row, struct json_object *value)
{
	char other[64];

	snprintf(other, sizeof(other), "--no-%s", row->option + 2);
	if (!strcmp(row->option, "--container-writable"))
		snprintf(other, sizeof(other), "--container-readonly");
	add(call, json_object_get_boolean(value) ? row->option : other, NULL);
	return 0;
}

static const struct option options[] = {
	{ "account", "--account", NULL },
	{ "partition", "--partition", NULL },
	{ "qos", "--qos", NULL },
	{ "reservation", "--reservation", NULL },
	{ "nodes", "--nodes", NULL },
	{ "tasks", "--ntasks", NULL },
	{ "tasksPerNode", "--ntasks-per-node", NULL },
	{ "cpusPerTask", "--cpus-per-task", NULL },
	{ "memoryPerNode", "--mem", NULL },
	{ "memoryPerCpu", "--mem-per-cpu", NULL },
	{ "gres", "--gres", NULL },
	{ "tresPerJob", "--gpus", add_tres },
	{ "tresPerNode", "--gpus-per-node", add_tres },
	{ "tresPerSocket", "--gpus-per-socket", add_tres },
	{ "tresPerTask", "--gpus-per-task", add_tres },
	{ "constraint", "--constraint", NULL },
	{ "licenses", "--licenses", NULL },
	{ "timeLimit", "--time", NULL },
	{ "deadline", "--deadline", NULL },
	{ "begin", "--begin", NULL },
	{ "array", "--array", NULL },
	{ "dependency", "--dependency", add_dependency },
	{ "priority", "--priority", NULL },
	{ "nice", "--nice", NULL },
	{ "hold", "--hold", add_if_true },
	{ "comment", "--comment", NULL },
	{ "workingDir", "--chdir", NULL },
	{ "input", "--input", NULL },
	{ "output", "--output", NULL },
	{ "error", "--error", NULL },
	{ "openMode", "--open-mode", add_mode },
	{ "excludeNodes", "--exclude", NULL },
	{ "nodeList", "--nodelist", NULL },
	{ "container.image", "--container", NULL },
	{ "container.mounts", "--container-mounts", add_mounts },
	{ "container.workdir", "--container-workdir", NULL },
	{ "container.env", "--container-env", add_names },
	{ "container.writable", "--container-writable", add_pair },
	{ "container.mountHome", "--container-mount-home", add_pair },
	{ "container.remapRoot", "--container-remap-root", add_pair },
	{ "container.entrypoint", "--container-entrypoint", add_pair },
	{ "container.name", "--container-name", NULL },
	{ "container.save", "--container-save", NULL },
	{ "container.devices", "--container-device", add_names },
	{ "container.scope", "--container-scope", NULL },
};

static int add_options(struct call *call)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option *row = &options[i];
		struct json_object *value = json_get(call->spec, row->field);

		if (!value || (json_object_is_type(value, json_type_string) &&
			       !json_object_get_string_len(value)))
			continue; /* it asks for nothing */
		if (!row->add)
			add(call, row->option, json_object_get_string(value));
		else if (row->add(call, row, value) < 0)
			return -1;
	}
	return 0;
}

/* -- environment ---------------------------------------------------------------------------- */

static bool has_nul(struct json_object *o)
{
	const char *text = json_object_is_type(o, json_type_string) ? json_object_get_string(o) : "";

	return json_object_is_type(o, json_type_string) &&
	       strlen(text) != (size_t)json_object_get_string_len(o);
}

/* One variable can't be longer than 128 KiB to the kernel: NAME, NAME_2 ... It is ASCII. */
static int add_pieces(struct json_object *to, const char *field, const char *name, const char *value,
		      struct error *err)
{
	size_t n = strlen(value);

	if (n > WHOLE_MAX)
		return error_set(err, E2BIG, "%s: it has more than %d bytes as base64", field, WHOLE_MAX);
	for (unsigned piece = 1; piece == 1 || n; piece++) {
		size_t take = n < POD_PIECE ? n : POD_PIECE;
		_cleanup_free_ char *text = NULL;
		char suffix[16] = "";

		if (piece > 1)
			snprintf(suffix, sizeof(suffix), "_%u", piece);
		if (asprintf(&text, "%s%s=%.*s", name, suffix, (int)take, value) < 0)
			text = NULL;
		else
			json_object_array_add(to, json_object_new_string(text));
		value += take;
		n -= take;
	}
	return 0;
}

static int add_variable(struct json_object *to, const char *field, struct json_object *o,
			const struct submit_references *refs, struct error *err)
{
	const char *name = json_get_string(o, "name");
	struct json_object *from = json_get(o, "valueFrom");
	_cleanup_free_ char *value = NULL, *text = NULL;

	if (!name || !name[0] || strchr(name, '=') || !strncmp(name, "SLURM_KUBE_", 11))
		return error_set(err, EINVAL, "%s.name: '%.60s' can't be a variable's name", field,
				 name ? name : "");
	if (from) {
		value = submit_referred(field, from, refs, err);
		if (!value)
			return err->code ? -1 : 0;
	}
	if (submit_reference_is_whole(from))
		return add_pieces(to, field, name, value, err);
	if (asprintf(&text, "%s=%s", name, from ? value : json_get_string(o, "value") ?: "") < 0)
		text = NULL;
	if (!text || strlen(text) > 200000)
		return error_set(err, E2BIG, "%s: it is too long", field);
	json_object_array_add(to, json_object_new_string(text));
	return 0;
}

static int add_environment(struct json_object *to, const char *path, struct json_object *list,
			   const struct submit_references *refs, struct error *err)
{
	size_t total = 0;

	for (size_t i = 0; i < json_length(list); i++) {
		char field[64];

		snprintf(field, sizeof(field), "spec.%s[%zu]", path, i);
		if (add_variable(to, field, json_object_array_get_idx(list, i), refs, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < json_length(to); i++)
		total += json_object_get_string_len(json_object_array_get_idx(to, i));
	if (total > ENVIRONMENT_MAX)
		return error_set(err, E2BIG, "spec.%s: all variables together are too long", path);
	return 0;
}

/* -- the whole ------------------------------------------------------------------------------ */

static char *find_script(struct json_object *spec, const struct submit_references *refs,
			 struct error *err)
{
	const char *script = json_get_string(spec, "script");
	struct json_object *from = json_get(spec, "scriptFrom");

	if (script && script[0])
		return strdup(script);
	if (from)
		return submit_referred("spec.scriptFrom", from, refs, err);
	error_set(err, EINVAL, "spec.script: a job needs a script (or scriptFrom), with its #! line");
	return NULL;
}

/* NUL bytes end a text for Slurm, and not for JSON. */
static int check_texts(const char *path, struct json_object *o, struct error *err)
{
	if (has_nul(o))
		return error_set(err, EINVAL, "%s: it holds a NUL byte", path);
	for (size_t i = 0; i < json_length(o); i++)
		if (check_texts(path, json_object_array_get_idx(o, i), err) < 0)
			return -1;
	if (json_object_is_type(o, json_type_object)) {
		json_object_object_foreach(o, key, value) {
			char below[256];

			snprintf(below, sizeof(below), "%.180s.%.60s", path, key);
			if (check_texts(below, value, err) < 0)
				return -1;
		}
	}
	return 0;
}

struct json_object *submit_options(const char *name, struct json_object *spec,
				   const char *dependency,
				   const struct submit_references *references, struct error *err)
{
	struct json_object *ret = json_object_new_object(), *list = json_object_new_array();
	struct json_object *environment = json_object_new_array();
	struct call call = { spec, list, name, dependency, err };
	_cleanup_free_ char *script = NULL;

	json_object_object_add(ret, "options", list);
	json_object_object_add(ret, "environment", environment);
	add(&call, "--job-name", json_get_string(spec, "jobName") ?: name);
	if (check_texts("spec", spec, err) < 0 || add_options(&call) < 0 ||
	    add_environment(environment, "environment", json_get(spec, "environment"), references,
			    err) < 0 ||
	    add_environment(environment, "container.env", json_get(spec, "container.env"),
			    references, err) < 0 ||
	    !(script = find_script(spec, references, err))) {
		json_object_put(ret);
		return NULL;
	}
	json_set_string(ret, "script", script);
	return ret;
}
