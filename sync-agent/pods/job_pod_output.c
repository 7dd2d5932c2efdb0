/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For kubectl logs and exec: where the output of a container is, and which step it is. */
#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "common/pod_path.h"
#include "sync-agent/agent.h"
#include "sync-agent/mirror/output.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/pods/job_pod.h"
#include "sync-agent/pods/job_pod_own.h"

static struct job_pod *find(struct agent *a, const char *namespace, const char *name)
{
	struct pod *p = namespace && name ? pods_find(&a->pods, namespace, name) : NULL;
	struct job_pod *j = p && p->exists && p->kind == &pod_job ? p->own : NULL;

	return j && j->pod ? j : NULL;
}

/* Its status as the pod shows it; NULL: there is none. */
static struct json_object *status_of(struct job_pod *j, const char *container)
{
	static const char *const lists[] = { "status.initContainerStatuses",
					     "status.containerStatuses" };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		struct json_object *c = json_find(json_get(j->pod, lists[i]), "name", container);

		if (c)
			return c;
	}
	return NULL;
}

static bool has_ended(struct job_pod *j, struct json_object *container)
{
	const char *phase = json_get_string(j->pod, "status.phase");

	return (phase && (!strcmp(phase, "Failed") || !strcmp(phase, "Succeeded"))) ||
	       json_get(container, "state.terminated");
}

int job_pod_ended(struct agent *a, const char *namespace, const char *name, const char *container)
{
	struct job_pod *j = find(a, namespace, name);

	return j ? has_ended(j, status_of(j, container)) : -1;
}

int job_pod_output(struct agent *a, const char *namespace, const char *name, const char *container,
		   bool previous, struct output *ret, struct error *err)
{
	struct job_pod *j = find(a, namespace, name);
	struct json_object *status = j ? status_of(j, container) : NULL;
	const char *uid = j ? json_get_string(j->pod, "metadata.uid") : NULL;
	char path[4096];

	if (!j)
		return 1;
	if (!status)
		return error_set(err, 400, "container \"%.63s\" is waiting to start", container);
	if (previous && !json_get_int(status, "restartCount", 0))
		return error_set(err, 400, "previous terminated container \"%.63s\" not found",
				 container);
	if (!j->job || pod_output_path(json_get_string(j->job, "status.current.workingDir"), uid,
				       container, previous, path, sizeof(path)) < 0)
		return error_set(err, 404,
				 "the SlurmJob of that pod is no more, or its output has no path");
	ret->path = strdup(path);
	ret->uid = (uint32_t)json_get_int(j->job, "status.uid", 0);
	ret->started = text_time_parse(json_get_string(status, "state.running.startedAt") ?:
				       json_get_string(status, "state.terminated.startedAt") ?: "");
	ret->state = previous || has_ended(j, status)	 ? OUTPUT_ENDED
		     : json_get(status, "state.waiting") ? OUTPUT_PENDING
							 : OUTPUT_RUNNING;
	return ret->path ? 0 : error_set(err, 503, "out of memory");
}

/* -- exec ------------------------------------------------------------------------------------- */

/* A container's step has its name, after restarts "NAME.N". */
static bool is_step_of(struct json_object *step, const char *container)
{
	const char *name = json_get_string(step, "name");
	size_t n = strlen(container);

	return name && !strncmp(name, container, n) && (!name[n] || name[n] == '.') &&
	       !json_get(step, "endTime");
}

int job_pod_enter(struct agent *a, const char *namespace, const char *name, const char *container,
		  struct json_object *ret, struct error *err)
{
	struct job_pod *j = find(a, namespace, name);
	struct json_object *steps = j ? json_get(j->job, "status.steps") : NULL;
	const char *step = NULL;

	if (!j)
		return 1;
	if (!container || !status_of(j, container) || has_ended(j, status_of(j, container)))
		return error_set(err, 400, "container %.63s isn't running", container ?: "");
	for (size_t i = 0; i < json_length(steps); i++) {
		struct json_object *o = json_object_array_get_idx(steps, i);

		if (is_step_of(o, container))
			step = json_get_string(o, "id");
	}
	if (!step)
		return error_set(err, 400,
				 "the step of container %.63s isn't known yet; try again in a few "
				 "seconds",
				 container);
	json_set_int(ret, "uid", json_get_int(j->job, "status.uid", -1));
	json_set_int(ret, "job", json_get_int(j->job, "status.jobId", 0));
	json_set_string(ret, "step", step);
	return 0;
}
