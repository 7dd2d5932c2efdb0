/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The namespace of a job's object. Pure. */
#ifndef AGENT_MIRROR_NAMESPACE_H
#define AGENT_MIRROR_NAMESPACE_H

#include <json-c/json.h>
#include <stdbool.h>

#include "sync-agent/slurm/job.h"

/* A namespace's annotations: whose jobs are in it; to which cluster those without spec.cluster go. */
#define NAMESPACE_USER "slurm-kube.io/user"
#define NAMESPACE_CLUSTER "slurm-kube.io/cluster"

/* By a template such as "slurm-{user}" ({user}, {account}, {partition}, or none of them). Each value
 * is made a DNS label, with a hash at its end if it wasn't one; so is a name that other values could
 * have given, too: "a-b" and "c" are not "a" and "b-c". The caller frees it. NULL without memory. */
char *namespace_of(const char *template, const struct job *job);

/* May a namespace hold that user's objects? Its annotation says whose it is, if it has one. */
bool namespace_is_for(struct json_object *object, const char *user);

#endif
