/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The states of a pod's containers, from the job's steps and from slurm-kube-pod's report: a
 * container's step has its name, and after N restarts "NAME.N". Pure. */
#ifndef AGENT_PODS_CONTAINER_STATUS_H
#define AGENT_PODS_CONTAINER_STATUS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

struct container_facts {
	struct json_object *job, *report; /* NULL: none */
	bool started, ended;		  /* the job */
	bool restarts;			  /* a container that failed is started again */
	bool initialized;		  /* all init containers have ended well */
	/* Told by container_statuses(). */
	bool any_started;	      /* of all lists */
	bool all_run, all_ended_well; /* of this list */
};

/* The list of statuses for a list of containers. The caller puts it. */
struct json_object *container_statuses(struct json_object *containers,
				       struct container_facts *facts);

/* "NODE_FAIL" as "NodeFail" */
void pod_camel(const char *word, char *buf, size_t size);

#endif
