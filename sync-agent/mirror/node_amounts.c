/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/node_amounts.h"

#include <inttypes.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/mirror/object.h"
#include "sync-agent/mirror/text.h"

#define PODS_LEAST 1000

/* GPUs of a type that begins like this are not NVIDIA's. */
static const struct {
	const char *type, *resource;
} gpus[] = {
	{ "amd", "amd.com/gpu" },	 { "mi", "amd.com/gpu" },
	{ "gfx", "amd.com/gpu" },	 { "radeon", "amd.com/gpu" },
	{ "instinct", "amd.com/gpu" },	 { "intel", "gpu.intel.com/i915" },
	{ "pvc", "gpu.intel.com/i915" },
};

/* As the last part of a resource's name, which has the rules of a label's value. */
static void name_resource(const char *prefix, const char *name, char buf[NODE_RESOURCE_SIZE])
{
	char fit[LABEL_MAX + 1];

	text_label(name, fit);
	fit[LABEL_MAX - strlen("license.")] = '\0';
	snprintf(buf, NODE_RESOURCE_SIZE, OBJECT_GROUP "/%s%s", prefix, fit[0] ? fit : "x");
}

void node_gres_resource(const char *gres, char buf[NODE_RESOURCE_SIZE])
{
	const char *colon = strchr(gres, ':');
	size_t len = colon ? (size_t)(colon - gres) : strlen(gres);
	char name[TALLY_NAME];

	if (len != 3 || strncmp(gres, "gpu", 3)) {
		/* Types of one GRES are one resource: a pod asks for so many of it. */
		snprintf(name, sizeof(name), "%.*s", (int)len, gres);
		name_resource("", name, buf);
		return;
	}
	snprintf(buf, NODE_RESOURCE_SIZE, "nvidia.com/gpu");
	for (size_t i = 0; colon && i < ARRAY_SIZE(gpus); i++)
		if (!strncasecmp(colon + 1, gpus[i].type, strlen(gpus[i].type)))
			snprintf(buf, NODE_RESOURCE_SIZE, "%s", gpus[i].resource);
}

void node_license_resource(const char *license, char buf[NODE_RESOURCE_SIZE])
{
	name_resource("license.", license, buf);
}

/* o[key] += n */
static void add(struct json_object *o, const char *key, uint64_t n)
{
	struct json_object *old = NULL;
	int64_t before = json_object_object_get_ex(o, key, &old) ? json_object_get_int64(old) : 0;

	json_object_object_add(o, key, json_object_new_int64(before + (int64_t)n));
}

/* All amounts are texts; memory has its unit. */
static struct json_object *as_quantities(struct json_object *counts)
{
	struct json_object *o = json_object_new_object();

	json_object_object_foreach (counts, key, value) {
		char text[32];

		snprintf(text, sizeof(text), "%" PRId64 "%s", json_object_get_int64(value),
			 strcmp(key, "memory") ? "" : "Ki");
		json_set_string(o, key, text);
	}
	return o;
}

static uint64_t max_pods(const struct node_facts *f)
{
	return f->max_jobs > PODS_LEAST ? f->max_jobs : PODS_LEAST;
}

struct json_object *node_capacity(const struct node_facts *f)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	const struct node_sums *s = f->sums;
	char name[NODE_RESOURCE_SIZE];

	add(o, "cpu", s->cpus_total);
	add(o, "memory", s->memory_total * 1024);
	add(o, "pods", max_pods(f));
	for (size_t i = 0; i < s->gres.n; i++) {
		node_gres_resource(s->gres.rows[i].name, name);
		add(o, name, s->gres.rows[i].total);
	}
	for (size_t i = 0; f->licenses && i < f->licenses->n; i++) {
		node_license_resource(f->licenses->rows[i].name, name);
		add(o, name, f->licenses->rows[i].total);
	}
	return as_quantities(o);
}

static uint64_t rest(uint64_t total, uint64_t used)
{
	return total > used ? total - used : 0;
}

/* What kube-scheduler will take off once more. */
static uint64_t running(const struct node_facts *f, const char *resource, uint64_t unit)
{
	return f->running ? tally_total(f->running, resource) / unit : 0;
}

static void add_free(struct json_object *o, const struct node_facts *f, const struct tally *t,
		     void (*resource)(const char *name, char buf[NODE_RESOURCE_SIZE]))
{
	char name[NODE_RESOURCE_SIZE];

	for (size_t i = 0; i < t->n; i++) {
		resource(t->rows[i].name, name);
		add(o, name, rest(t->rows[i].total, t->rows[i].used));
	}
}

/* No more than there is: what has just ended may still be counted by one and not by the other. */
static void bound(struct json_object *o, struct json_object *capacity)
{
	json_object_object_foreach (o, key, value) {
		struct json_object *most = NULL;
		int64_t n = json_object_get_int64(value), limit;

		if (!json_object_object_get_ex(capacity, key, &most))
			continue;
		limit = strtoll(json_object_get_string(most), NULL, 10);
		json_object_set_int64(value, n < limit ? n : limit);
	}
}

struct json_object *node_allocatable(const struct node_facts *f)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	_cleanup_json_ struct json_object *capacity = node_capacity(f);
	const struct node_sums *s = f->sums;

	json_object_object_foreach (capacity, key, value) {
		(void)value;
		if (strcmp(key, "cpu") && strcmp(key, "memory") && strcmp(key, "pods"))
			add(o, key, running(f, key, 1));
	}
	add(o, "cpu", s->cpus_idle + running(f, "cpu", 1000));
	add(o, "memory", s->memory_idle * 1024 + running(f, "memory", 1024));
	add(o, "pods", max_pods(f));
	add_free(o, f, &s->gres_up, node_gres_resource);
	if (f->licenses)
		add_free(o, f, f->licenses, node_license_resource);
	bound(o, capacity);
	return as_quantities(o);
}
