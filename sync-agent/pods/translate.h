/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pod as a SlurmJob, or why it can't be one. Pure. doc/pods.md has the table of fields.
 *
 * Each field that a pod can have is a row in one of the tables of translate*.c: it is mapped, or
 * left out by name since it changes nothing, or refused by name. A field that no table has is
 * refused, too: nothing is left out unseen.
 *
 * The SlurmJob's script is one line that runs slurm-kube-pod, which finds in its environment the
 *plan:
 *	{"name", "namespace", "uid", "restartPolicy", "deadline" (seconds), "grace" (seconds),
 *	 "nodes", "tasksPerNode", "cpus" (of a task), "mpi",
 *	 "volumes": [{"name", "type": emptyDir|hostPath|files,
 *		"medium"; "path", "check" (hostPath's type);
 *		"mode", "sources": [{"from": VARIABLE, "title", "optional", "items": [{"key",
 *"path", "mode"}]} |
 *			{"path", "value", "mode"}]}],
 *	 "containers": [{"name", "init", "image", "command", "args", "workingDir", "entrypoint",
 *		"env": [{"name", "value" | "field": node|address | "from", "key", "title",
 *"optional"}], "envFrom": [{"from", "prefix", "title", "optional"}], "mounts": [{"volume",
 *"target", "subPath", "readOnly"}], "readOnly", "gpus", "runAsUser", "runAsGroup", "messagePath",
 *"messageFromLog"}]} VARIABLE holds a Secret's or a ConfigMap's data as {KEY: base64}; it is not
 *there where that is optional and missing. Source: k8s.io/api/core/v1, types.go, of Kubernetes 1.20
 *to 1.33. */
#ifndef AGENT_PODS_TRANSLATE_H
#define AGENT_PODS_TRANSLATE_H

#include <json-c/json.h>

#include "common/error.h"
#include "sync-agent/config.h"

#define POD_LABEL                                                                                  \
	"slurm-kube.io/pod" /* of a SlurmJob: the uid of the pod that it is the job of             \
			     */

/* What the site allows and says. */
struct pod_policy {
	const char *runner; /* path of slurm-kube-pod on the nodes */
	const char *cluster;
	const char *partition; /* of the virtual node that the pod is bound to; NULL: not bound */
	const struct words *host_paths;	      /* prefixes that hostPath may have */
	const struct words *priority_classes; /* "NAME=QOS" */
};

#define POD_JOB_NAME_SIZE 254
#define POD_JOB_SUFFIX 10 /* bytes of it after the pod's name: "-pXXXXXXXX" */
#define POD_NAME_MOST (POD_JOB_NAME_SIZE - 1 - POD_JOB_SUFFIX)

/* The name of a pod's SlurmJob: made from its name and uid, so that it is always the same one. */
void pod_job_name(struct json_object *pod, char buf[POD_JOB_NAME_SIZE]);

/* The whole object to be made; the caller puts it. NULL with err filled: "spec.FIELD: what is
 * wrong". */
struct json_object *pod_translate(struct json_object *pod, const struct pod_policy *policy,
				  struct error *err);

#endif
