/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/pods/translate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/pod_path.h"
#include "sync-agent/mirror/object.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/pods/translation.h"

#define PLAN_MAX (1 << 20) /* bytes */

/* -- checks of the whole ---------------------------------------------------------------------- */

static int check_names(struct translation *t)
{
	_cleanup_json_ struct json_object *seen = json_object_new_object();
	struct json_object *list = json_get(t->plan, "containers");
	unsigned own = 0, with_gpus = 0;

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *c = json_object_array_get_idx(list, i);
		const char *name = json_get_string(c, "name");

		if (json_get(seen, name))
			return pod_wrong(t, "spec.containers", "two are called '%.63s'", name);
		json_set_bool(seen, name, true);
		own += !json_get_bool(c, "init", false);
		with_gpus += !json_get_bool(c, "init", false) && json_get_int(c, "gpus", 0) > 0;
	}
	if (!own)
		return pod_wrong(t, "spec.containers", "there is none");
	/* Steps that run at the same time in all of a job's CPUs get the same GPUs, too. */
	if (with_gpus > 1)
		return pod_wrong(t, "spec.containers",
				 "%u of them ask for GPUs, and Slurm would give them the same ones: "
				 "ask for all in one container", with_gpus);
	if (own > 1 &&
	    (json_get_int(t->plan, "nodes", 1) > 1 || json_get_int(t->plan, "tasksPerNode", 1) > 1))
		return pod_wrong(t, "spec.containers",
				 "with several nodes or tasks there can be only one container");
	return 0;
}

/* -- the SlurmJob ----------------------------------------------------------------------------- */

/* A value in pieces: NAME, NAME_2 ..., none of which is cut within a character. */
static void add_variable(struct json_object *list, const char *name, const char *text)
{
	size_t n = strlen(text);

	for (unsigned piece = 1; piece == 1 || n; piece++) {
		struct json_object *o = json_object_new_object();
		size_t take = n < POD_PIECE ? n : POD_PIECE;
		char own[64];

		while (take < n && ((unsigned char)text[take] & 0xc0) == 0x80)
			take--;
		snprintf(own, sizeof(own), piece == 1 ? "%s" : "%s_%u", name, piece);
		json_set_string(o, "name", own);
		json_object_object_add(o, "value", json_object_new_string_len(text, (int)take));
		json_object_array_add(list, o);
		text += take;
		n -= take;
	}
}

static struct json_object *reference_source(struct json_object *r)
{
	struct json_object *from = json_object_new_object(), *o = json_object_new_object();

	json_set_string(o, "name", json_get_string(r, "name"));
	json_set_bool(o, "optional", json_get_bool(r, "optional", false));
	if (!json_get_bool(r, "whole", false)) {
		struct json_object *keys = json_object_new_array();

		json_object_object_foreach (json_get(r, "keys"), key, required) {
			struct json_object *k = json_object_new_object();

			json_set_string(k, "key", key);
			json_set_bool(k, "optional", !json_object_get_boolean(required));
			json_object_array_add(keys, k);
		}
		json_object_object_add(o, "keys", keys);
	}
	json_object_object_add(from, json_get_string(r, "kind"), o);
	return from;
}

static int finish_spec(struct translation *t)
{
	const char *plan = json_object_to_json_string_ext(t->plan, JSON_C_TO_STRING_PLAIN);
	struct json_object *environment = json_object_new_array();
	char script[600];

	json_object_object_add(t->spec, "environment", environment);
	if (strlen(plan) > PLAN_MAX)
		return pod_wrong(t, "spec", "all of it together is larger than %d bytes", PLAN_MAX);
	add_variable(environment, POD_PLAN_VARIABLE, plan);
	json_object_object_foreach (t->references, id, r) {
		struct json_object *o = json_object_new_object();

		(void)id;
		json_set_string(o, "name", json_get_string(r, "variable"));
		json_object_object_add(o, "valueFrom", reference_source(r));
		json_object_array_add(environment, o);
	}
	/* Started anew it would be another pod: whoever owns this one makes that. */
	snprintf(script, sizeof(script), "#!/bin/sh\n#SBATCH --no-requeue\nexec %.500s\n",
		 t->policy->runner);
	json_set_string(t->spec, "script", script);
	json_set_string(t->spec, "output", "/dev/null");
	json_set_string(t->spec, "cluster", t->policy->cluster);
	json_set_string(t->spec, "jobName", json_get_string(t->pod, "metadata.name"));
	if (t->policy->partition)
		json_set_string(t->spec, "partition", t->policy->partition);
	if (!json_get(t->spec, "nodes"))
		json_set_int(t->spec, "nodes", 1);
	if (!json_get(t->spec, "tasksPerNode"))
		json_set_int(t->spec, "tasksPerNode", 1);
	return 0;
}

void pod_job_name(struct json_object *pod, char buf[POD_JOB_NAME_SIZE])
{
	snprintf(buf, POD_JOB_NAME_SIZE, "%.240s-p%.8s",
		 json_get_string(pod, "metadata.name") ?: "",
		 json_get_string(pod, "metadata.uid") ?: "");
}

static struct json_object *owner_reference(struct json_object *pod)
{
	struct json_object *list = json_object_new_array(), *o = json_object_new_object();

	json_set_string(o, "apiVersion", "v1");
	json_set_string(o, "kind", "Pod");
	json_set_string(o, "name", json_get_string(pod, "metadata.name"));
	json_set_string(o, "uid", json_get_string(pod, "metadata.uid"));
	json_set_bool(o, "controller", true);
	json_object_array_add(list, o);
	return list;
}

static struct json_object *make_object(struct json_object *pod, struct json_object *spec)
{
	struct json_object *o = json_object_new_object(), *metadata = json_object_new_object();
	struct json_object *labels = json_object_new_object();
	char name[POD_JOB_NAME_SIZE];

	pod_job_name(pod, name);
	json_set_string(o, "apiVersion", OBJECT_API_VERSION);
	json_set_string(o, "kind", "SlurmJob");
	json_set_string(metadata, "name", name);
	json_set_string(metadata, "namespace", json_get_string(pod, "metadata.namespace"));
	json_set_string(labels, POD_LABEL, json_get_string(pod, "metadata.uid"));
	json_object_object_add(metadata, "labels", labels);
	json_object_object_add(metadata, "ownerReferences", owner_reference(pod));
	json_object_object_add(o, "metadata", metadata);
	json_object_object_add(o, "spec", json_object_get(spec));
	return o;
}

static struct json_object *new_plan(struct json_object *pod)
{
	static const char *const copied[] = { "name", "namespace", "uid" };
	struct json_object *plan = json_object_new_object(), *metadata = json_get(pod, "metadata");

	for (size_t i = 0; i < ARRAY_SIZE(copied); i++)
		json_set_string(plan, copied[i], json_get_string(metadata, copied[i]));
	json_set_string(plan, "hostname", json_get_string(pod, "spec.hostname"));
	json_set_string(plan, "restartPolicy", "Always");
	json_set_int(plan, "grace", POD_GRACE_DEFAULT);
	json_object_object_add(plan, "volumes", json_object_new_array());
	json_object_object_add(plan, "containers", json_object_new_array());
	return plan;
}

static int translate(struct translation *t)
{
	static const char *const needed[] = { "metadata.name", "metadata.namespace",
					      "metadata.uid" };

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!json_get_string(t->pod, needed[i]))
			return pod_wrong(t, needed[i], "it is not there");
	if (strlen(json_get_string(t->pod, "metadata.name")) > POD_NAME_MOST)
		return pod_wrong(t, "metadata.name",
				 "a pod that becomes a Slurm job has at most %d bytes",
				 POD_NAME_MOST);
	if (pod_take_annotations(t, json_get(t->pod, "metadata.annotations")) < 0 ||
	    pod_take_spec(t, "spec", json_get(t->pod, "spec")) < 0 || check_names(t) < 0 ||
	    pod_finish_resources(t) < 0)
		return -1;
	return finish_spec(t);
}

struct json_object *pod_translate(struct json_object *pod, const struct pod_policy *policy,
				  struct error *err)
{
	_cleanup_json_ struct json_object *spec = json_object_new_object(), *plan = new_plan(pod);
	_cleanup_json_ struct json_object *references = json_object_new_object();
	_cleanup_json_ struct json_object *volumes = json_object_new_object();
	_cleanup_json_ struct json_object *slurms = json_object_new_object();
	struct translation t = { .pod = pod,
				 .policy = policy,
				 .spec = spec,
				 .plan = plan,
				 .references = references,
				 .volumes = volumes,
				 .slurms = slurms,
				 .err = err };

	return translate(&t) < 0 ? NULL : make_object(pod, spec);
}
