/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects are kept for as long as their pods are there: only what is needed of them. */
#include <string.h>

#include "common/json.h"
#include "sync-agent/pods/status.h"

static void copy(struct json_object *to, struct json_object *from, const char *const *names,
		 size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct json_object *value = json_member(from, names[i]);

		if (value)
			json_object_object_add(to, names[i], json_object_get(value));
	}
}
#define COPY(to, from, names) copy(to, from, names, ARRAY_SIZE(names))

static struct json_object *add_object(struct json_object *to, const char *name)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(to, name, o);
	return o;
}

static void slim_containers(struct json_object *to, struct json_object *spec, const char *name)
{
	static const char *const kept[] = { "name", "image" };
	struct json_object *from = json_get(spec, name), *list = json_object_new_array();

	for (size_t i = 0; i < json_length(from); i++) {
		struct json_object *o = json_object_new_object();

		COPY(o, json_object_array_get_idx(from, i), kept);
		json_object_array_add(list, o);
	}
	json_object_object_add(to, name, list);
}

struct json_object *pod_slim(struct json_object *pod)
{
	static const char *const metadata[] = { "name", "namespace", "uid", "creationTimestamp" };
	static const char *const spec[] = { "restartPolicy", "activeDeadlineSeconds", "nodeName",
					    "terminationGracePeriodSeconds" };
	struct json_object *o = json_object_new_object(), *s = add_object(o, "spec");

	COPY(add_object(o, "metadata"), json_get(pod, "metadata"), metadata);
	COPY(s, json_get(pod, "spec"), spec);
	slim_containers(s, json_get(pod, "spec"), "initContainers");
	slim_containers(s, json_get(pod, "spec"), "containers");
	if (json_get(pod, "status"))
		json_object_object_add(o, "status", json_object_get(json_get(pod, "status")));
	return o;
}

struct json_object *pod_slim_job(struct json_object *job)
{
	static const char *const metadata[] = { "name", "uid", "deletionTimestamp", "labels" };
	static const char *const status[] = { "jobId",	   "state",   "reason",	     "startTime",
					      "endTime",   "steps",   "conditions",  "exitCode",
					      "signal",	   "uid",     "cancelledBy", "nodeList",
					      "partition", "current", "submitTime" };
	struct json_object *o = json_object_new_object();

	COPY(add_object(o, "metadata"), json_get(job, "metadata"), metadata);
	COPY(add_object(o, "status"), json_get(job, "status"), status);
	return o;
}
