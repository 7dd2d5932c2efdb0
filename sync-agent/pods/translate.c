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

#define GRACE_DEFAULT 30
#define PLAN_MAX (1 << 20) /* bytes */

/* -- fields ----------------------------------------------------------------------------------- */

static int take_container(struct translation *t, const char *path, struct json_object *element)
{
	return pod_take_container(t, path, element, false);
}

static int take_init(struct translation *t, const char *path, struct json_object *element)
{
	return pod_take_container(t, path, element, true);
}

static int take_containers(struct translation *t, const struct pod_row *row, const char *path,
			   struct json_object *value)
{
	if (json_length(value) > POD_CONTAINERS_MAX)
		return pod_wrong(t, path, "more than %d containers", POD_CONTAINERS_MAX);
	return pod_each(t, path, value, row->text ? take_init : take_container);
}

/* Slurm counts in minutes, and slurm-kube-pod in seconds: it is to be the first. */
static int take_deadline(struct translation *t, const struct pod_row *row, const char *path,
			 struct json_object *value)
{
	int64_t seconds = json_object_get_int64(value);
	int64_t grace = json_get_int(t->pod, "spec.terminationGracePeriodSeconds", GRACE_DEFAULT);

	if (seconds < 1 || seconds > INT32_MAX)
		return pod_wrong(t, path, "it is no time");
	json_set_int(t->plan, "deadline", seconds);
	if (!json_get(t->spec, "timeLimit"))
		json_set_int(t->spec, "timeLimit", (seconds + grace + 59) / 60);
	return 0;
}

static int take_grace(struct translation *t, const struct pod_row *row, const char *path,
		      struct json_object *value)
{
	int64_t seconds = json_object_get_int64(value);

	json_set_int(t->plan, "grace", seconds < 0 ? 0 : seconds < INT32_MAX ? seconds : INT32_MAX);
	return 0;
}

static int take_restart(struct translation *t, const struct pod_row *row, const char *path,
			struct json_object *value)
{
	if (pod_refuse_unless(t, row, path, value) < 0)
		return -1;
	json_object_object_add(t->plan, "restartPolicy", json_object_get(value));
	return 0;
}

/* "NAME=QOS"; "NAME=" is none. */
static const char *qos_of(const struct words *classes, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; classes && i < classes->n; i++)
		if (!strncmp(classes->list[i], name, n) && classes->list[i][n] == '=')
			return classes->list[i] + n + 1;
	return NULL;
}

static int take_priority_class(struct translation *t, const struct pod_row *row, const char *path,
			       struct json_object *value)
{
	const char *name = json_object_get_string(value),
		   *qos = qos_of(t->policy->priority_classes, name);

	if (!qos)
		return pod_wrong(t, path,
				 "no QOS stands for '%.100s' (pods.priorityClasses of the agent's "
				 "configuration)",
				 name);
	if (qos[0] && !json_get(t->spec, "qos"))
		json_set_string(t->spec, "qos", qos);
	return 0;
}

/* Slurm chooses the node: of labels only those can be had that all of its nodes have. */
static const struct {
	const char *label, *value;
} common_labels[] = {
	{ "kubernetes.io/os", "linux" },
	{ "beta.kubernetes.io/os", "linux" },
	{ "type", "virtual-kubelet" },
};

static bool is_common(struct translation *t, const char *label, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(common_labels); i++)
		if (!strcmp(label, common_labels[i].label))
			return !strcmp(value, common_labels[i].value);
	return !strcmp(label, OBJECT_GROUP "/cluster") && !strcmp(value, t->policy->cluster);
}

static int take_selector(struct translation *t, const struct pod_row *row, const char *path,
			 struct json_object *value)
{
	if (!json_object_is_type(value, json_type_object))
		return pod_wrong(t, path, "it is no object");
	json_object_object_foreach (value, label, wanted) {
		const char *text = json_object_get_string(wanted) ?: "";
		char field[POD_PATH_SIZE];

		if (!strcmp(label, OBJECT_GROUP "/partition")) {
			if (!json_get(t->spec, "partition"))
				json_set_string(t->spec, "partition", text);
			continue;
		}
		if (t->policy->partition || is_common(t, label, text))
			continue; /* Kubernetes' scheduler has seen to it */
		snprintf(field, sizeof(field), "%.100s[%.100s]", path, label);
		return pod_wrong(
			t, field,
			"Slurm chooses the node, and knows " OBJECT_GROUP "/partition only; "
			"for features there is the annotation " OBJECT_GROUP "/constraint");
	}
	return 0;
}

/* What only Kubernetes' scheduler could see to, and has if it bound the pod. */
static int refuse_unbound(struct translation *t, const struct pod_row *row, const char *path,
			  struct json_object *value)
{
	return t->policy->partition ? 0 : pod_refuse(t, row, path, value);
}

static int refuse_token(struct translation *t, const struct pod_row *row, const char *path,
			struct json_object *value)
{
	return pod_refuse_true(t, row, path, value);
}

static const struct pod_row security_rows[] = {
	{ "appArmorProfile", pod_take_profile, NULL },
	{ "fsGroup", pod_refuse, "volumes are the namespace's Unix user's" },
	{ "fsGroupChangePolicy", NULL, NULL },
	{ "runAsGroup", pod_take_user, NULL },
	{ "runAsNonRoot", NULL, NULL },
	{ "runAsUser", pod_take_user, NULL },
	{ "seLinuxChangePolicy", NULL, NULL },
	{ "seLinuxOptions", pod_refuse, NULL },
	{ "seccompProfile", pod_take_profile, NULL },
	{ "supplementalGroups", pod_refuse,
	  "containers have the groups of the namespace's Unix user" },
	{ "supplementalGroupsPolicy", NULL, NULL },
	{ "sysctls", pod_refuse, NULL },
	{ "windowsOptions", pod_refuse, NULL },
};

static int take_security(struct translation *t, const struct pod_row *row, const char *path,
			 struct json_object *value)
{
	t->container = t->plan;
	return TAKE_ROWS(t, security_rows, path, value);
}

static int take_os(struct translation *t, const struct pod_row *row, const char *path,
		   struct json_object *value)
{
	const char *name = json_get_string(value, "name");

	return !name || !strcmp(name, "linux") ? 0
					       : pod_wrong(t, path, "'%.60s' can't be had", name);
}

static const struct pod_row rows[] = {
	{ "restartPolicy", take_restart, "Always|OnFailure|Never" },
	{ "terminationGracePeriodSeconds", take_grace, NULL },
	{ "activeDeadlineSeconds", take_deadline, NULL },
	{ "nodeSelector", take_selector, NULL },
	{ "priorityClassName", take_priority_class, NULL },
	{ "securityContext", take_security, NULL },
	{ "os", take_os, NULL },
	{ "volumes", pod_take_volumes, NULL },
	{ "initContainers", take_containers, "init" },
	{ "containers", take_containers, NULL },
	/* Left out: they say nothing that would be different here. */
	{ "dnsPolicy", pod_refuse_unless, "Default|ClusterFirst|ClusterFirstWithHostNet" },
	{ "enableServiceLinks", NULL, NULL },
	{ "hostIPC", NULL, NULL },
	{ "hostNetwork", NULL, NULL },
	{ "hostPID", NULL, NULL },
	{ "hostUsers", NULL, NULL },
	{ "hostname", NULL, NULL },
	{ "nodeName", NULL, NULL },
	{ "preemptionPolicy", NULL, NULL },
	{ "priority", NULL, NULL },
	{ "schedulerName", NULL, NULL },
	{ "schedulingGates", NULL, NULL },
	{ "serviceAccount", NULL, NULL },
	{ "serviceAccountName", NULL, NULL },
	{ "shareProcessNamespace", NULL, NULL },
	{ "subdomain", NULL, NULL },
	{ "tolerations", NULL, NULL },
	{ "affinity", refuse_unbound,
	  "Slurm chooses the node: there is the annotation " OBJECT_GROUP "/constraint" },
	{ "topologySpreadConstraints", refuse_unbound, "Slurm chooses the node" },
	{ "automountServiceAccountToken", refuse_token,
	  "a Slurm job gets no token of a service account: it runs as the namespace's Unix user" },
	{ "dnsConfig", pod_refuse, "names are looked up as on the node" },
	{ "ephemeralContainers", pod_refuse, NULL },
	{ "hostAliases", pod_refuse, "names are looked up as on the node" },
	{ "imagePullSecrets", pod_refuse,
	  "images are taken with the credentials of the namespace's Unix user, in "
	  "~/.config/containers/auth.json" },
	{ "overhead", pod_refuse, NULL },
	{ "readinessGates", pod_refuse, NULL },
	{ "resourceClaims", pod_refuse, "devices are asked for by nvidia.com/gpu and the like" },
	{ "resources", pod_refuse, "ask for the containers' resources" },
	{ "runtimeClassName", pod_refuse, "the site chooses the runtime" },
	{ "setHostnameAsFQDN", pod_refuse_true, NULL },
	{ "workloadRef", pod_refuse, NULL },
};

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
	json_set_int(plan, "grace", GRACE_DEFAULT);
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
	    TAKE_ROWS(t, rows, "spec", json_get(t->pod, "spec")) < 0 || check_names(t) < 0 ||
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
