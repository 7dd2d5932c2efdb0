/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests and limits. A pod is on one node of a job (or the same on each, with the annotation
 * nodes): what its containers ask for is added up; init containers run by themselves, so the
 * largest of them counts.
 *
 *   cpu      requests, else limits; the sum is rounded up to whole CPUs
 *   memory   limits, else requests, since what Slurm grants is also the limit; rounded up to MiB
 *   GPUs     limits, else requests */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "sync-agent/mirror/object.h"
#include "sync-agent/mirror/quantity.h"
#include "sync-agent/pods/translation.h"

#define PREFIX OBJECT_GROUP "/"
#define LICENSE "license."
#define MEBIBYTE (1 << 20)
#define MOST (INT64_C(1) << 52) /* of one amount: their sum is one, too */

/* In thousandths, bytes, and numbers. */
static const struct {
	const char *name;
	enum pod_resource resource;
	int64_t scale;
} resources[] = {
	{ "cpu", POD_CPU, 1000 },
	{ "memory", POD_MEMORY, 1 },
	{ "nvidia.com/gpu", POD_GPU, 1 },
	{ "amd.com/gpu", POD_GPU, 1 },
	{ "gpu.intel.com/i915", POD_GPU, 1 },
	{ "gpu.intel.com/xe", POD_GPU, 1 },
	{ "ephemeral-storage", POD_LEFT_OUT, 1 }, /* Slurm doesn't account for it */
};

/* Those that virtual nodes have for other GRES and for licenses (mirror/node.h). Each has a limit,
 * says Kubernetes, and its request is the same. */
static bool take_slurms(struct translation *t, const char *name, int64_t n, bool limits)
{
	if (strncmp(name, PREFIX, strlen(PREFIX)))
		return false;
	name += strlen(PREFIX);
	if (limits)
		json_set_int(t->slurms, name,
			     json_object_get_int64(json_member(t->slurms, name)) + n);
	return true;
}

static int take_list(struct translation *t, const char *path, struct json_object *list, bool limits)
{
	int64_t *amounts = limits ? t->limits : t->requests;

	if (!json_object_is_type(list, json_type_object))
		return pod_wrong(t, path, "it is no object");
	json_object_object_foreach (list, name, value) {
		const char *text = json_object_get_string(value);
		char field[POD_PATH_SIZE];
		size_t i = 0;
		int64_t q;

		snprintf(field, sizeof(field), "%.180s[%.60s]", path, name);
		while (i < ARRAY_SIZE(resources) && strcmp(resources[i].name, name))
			i++;
		if (quantity_parse(text, i < ARRAY_SIZE(resources) ? resources[i].scale : 1, &q) <
			    0 ||
		    q > MOST)
			return pod_wrong(t, field, "'%.60s' is no amount that a node could have",
					 text);
		if (i == ARRAY_SIZE(resources) && q > 0 && !take_slurms(t, name, q, limits))
			return pod_wrong(t, field, "Slurm knows nothing of the kind");
		if (i < ARRAY_SIZE(resources))
			amounts[resources[i].resource] += q;
	}
	return 0;
}

static int keep(struct translation *t, const struct pod_row *row, const char *path,
		struct json_object *value)
{
	return take_list(t, path, value, !strcmp(row->name, "limits"));
}

static const struct pod_row rows[] = {
	{ "requests", keep, NULL },
	{ "limits", keep, NULL },
	{ "claims", pod_refuse, "devices are asked for by nvidia.com/gpu and the like" },
};

static int64_t first_of(int64_t a, int64_t b)
{
	return a ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int pod_take_resources(struct translation *t, const struct pod_row *row, const char *path,
		       struct json_object *value)
{
	int64_t cpu, memory, gpus;

	memset(t->limits, 0, sizeof(t->limits));
	memset(t->requests, 0, sizeof(t->requests));
	if (TAKE_ROWS(t, rows, path, value) < 0)
		return -1;
	cpu = first_of(t->requests[POD_CPU], t->limits[POD_CPU]);
	memory = first_of(t->limits[POD_MEMORY], t->requests[POD_MEMORY]);
	gpus = first_of(t->limits[POD_GPU], t->requests[POD_GPU]);
	if (json_get_bool(t->container, "init", false)) {
		t->most[POD_CPU] = larger(t->most[POD_CPU], cpu);
		t->most[POD_MEMORY] = larger(t->most[POD_MEMORY], memory);
		t->most[POD_GPU] = larger(t->most[POD_GPU], gpus);
	} else {
		t->sum[POD_CPU] += cpu;
		t->sum[POD_MEMORY] += memory;
		t->sum[POD_GPU] += gpus;
	}
	json_set_int(t->container, "gpus", gpus);
	return 0;
}

static int64_t needed(const struct translation *t, enum pod_resource which, int64_t unit)
{
	return (larger(t->sum[which], t->most[which]) + unit - 1) / unit;
}

/* As spec.gres and spec.licenses have them. */
static void finish_slurms(struct translation *t)
{
	json_object_object_foreach (t->slurms, name, value) {
		bool license = !strncmp(name, LICENSE, strlen(LICENSE));
		const char *field = license ? "licenses" : "gres",
			   *before = json_get_string(t->spec, field);
		_cleanup_free_ char *text = NULL;

		if (asprintf(&text, "%s%s%s:%lld", before ? before : "", before ? "," : "",
			     name + (license ? strlen(LICENSE) : 0),
			     (long long)json_object_get_int64(value)) < 0)
			text = NULL;
		json_set_string(t->spec, field, text);
	}
}

int pod_finish_resources(struct translation *t)
{
	int64_t tasks = json_get_int(t->plan, "tasksPerNode", 1);
	int64_t cpus = needed(t, POD_CPU, 1000), memory = needed(t, POD_MEMORY, MEBIBYTE);
	int64_t gpus = needed(t, POD_GPU, 1);
	char text[64];

	if (cpus > 1000000 || memory > INT64_C(1) << 40 || gpus > 100000)
		return pod_wrong(t, "spec.containers",
				 "no node has that many CPUs or GPUs, or that much memory");
	cpus = cpus ? (cpus + tasks - 1) / tasks : 1;
	json_set_int(t->spec, "cpusPerTask", cpus);
	json_set_int(t->plan, "cpus", cpus);
	if (memory) {
		snprintf(text, sizeof(text), "%lldM", (long long)memory);
		json_set_string(t->spec, "memoryPerNode", text);
	}
	if (gpus) {
		snprintf(text, sizeof(text), "gres:gpu:%lld", (long long)gpus);
		json_set_string(t->spec, "tresPerNode", text);
	}
	finish_slurms(t);
	return 0;
}
