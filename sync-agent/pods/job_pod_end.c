/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a pod that somebody deletes. */
#include <stdio.h>

#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/pods/job_pod_own.h"
#include "sync-agent/pods/status.h"
#include "sync-agent/write.h"

static bool cancel_refused(struct agent *a, struct pod *p, const struct kube_answer *answer)
{
	/* It has gone: the watch tells. */
	return answer->status == 404;
}

static void cancel(struct agent *a, struct pod *p)
{
	struct job_pod *j = p->own;
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *conditions = json_object_new_object();
	char path[900];
	struct pod_write w = { .what = "delete its SlurmJob",
			       .method = "DELETE",
			       .path = path,
			       .body = o,
			       .refused = cancel_refused };

	json_set_string(conditions, "uid", json_get_string(j->job, "metadata.uid"));
	json_set_string(o, "apiVersion", "v1");
	json_set_string(o, "kind", "DeleteOptions");
	json_object_object_add(o, "preconditions", conditions);
	snprintf(path, sizeof(path), OBJECT_PATH "/%s", p->namespace,
		 json_get_string(j->job, "metadata.name"));
	j->cancelling = true;
	pod_write(a, p, &w);
}

/* Its end is told before it goes: whoever keeps it there by a finalizer, as Jobs do, counts by its
 * phase. Returns false if it is told already, or there is nothing to tell. */
static bool tell_end(struct agent *a, struct pod *p)
{
	struct job_pod *j = p->own;
	struct json_object *status = pod_status(j->pod, j->job, j->report, p->node[0] != '\0');

	if (pod_status_has(json_get(j->pod, "status"), status)) {
		json_object_put(status);
		return false;
	}
	pod_write_status(a, p, status);
	return true;
}

/* A pod that has a node goes only when the node says so: when its job has ended. */
void job_pod_delete(struct agent *a, struct pod *p)
{
	struct job_pod *j = p->own;

	if (!j->job)
		pod_write_delete(a, p);
	else if (!pod_job_ended(j->job)) {
		if (!json_get(j->job, "metadata.deletionTimestamp") && !j->cancelling)
			cancel(a, p);
	} else if (job_pod_reported(a, p) && !tell_end(a, p))
		pod_write_delete(a, p);
}
