/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/log.h"
#include "sync-agent/pods/job_pod_own.h"

static bool tolerations_refused(struct agent *a, struct pod *p, const struct kube_answer *answer)
{
	struct job_pod *j = p->own;

	/* It has changed in between: the watch tells. */
	if (answer->status == 404 || answer->status == 409)
		return false;
	log_warning("pod %s/%s: its tolerations: %s (status %ld); if no agent runs for longer than "
		    "they say, Kubernetes deletes the pod, and its job is cancelled: may the agent "
		    "patch pods (crd/rbac.yaml)?",
		    p->namespace, p->name, answer->problem, answer->status);
	j->intolerant = true;
	pods_enqueue(a, p);
	return true;
}

bool job_pod_tolerate(struct agent *a, struct pod *p)
{
	struct job_pod *j = p->own;
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *metadata, *spec;
	struct pod_write w = { .what = "let it stay on its node",
			       .method = "PATCH",
			       .tail = "",
			       .type = POD_MERGE,
			       .body = o,
			       .refused = tolerations_refused };

	if (!j->tolerations || j->intolerant)
		return false;
	metadata = json_object_new_object();
	spec = json_object_new_object();
	/* A list is written as a whole: not over what somebody has just written. */
	json_set_string(metadata, "uid", p->uid);
	json_set_string(metadata, "resourceVersion", p->version);
	json_object_object_add(o, "metadata", metadata);
	json_object_object_add(spec, "tolerations", json_object_get(j->tolerations));
	json_object_object_add(o, "spec", spec);
	pod_write(a, p, &w);
	return true;
}
