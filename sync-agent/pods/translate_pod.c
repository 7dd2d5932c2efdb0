/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields of a pod's spec. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "sync-agent/mirror/object.h"
#include "sync-agent/pods/translation.h"

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
	int64_t grace = json_get_int(t->pod, "spec.terminationGracePeriodSeconds", POD_GRACE_DEFAULT);

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

int pod_take_spec(struct translation *t, const char *path, struct json_object *spec)
{
	return TAKE_ROWS(t, rows, path, spec);
}
