/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtual node is not ready, or not heard of, when its agent is away, and its jobs run on. But
 * Kubernetes deletes pods from such a node after tolerationSeconds, which it sets to 300 where
 * nobody said anything. Pure.
 * Sources: k8s.io/kubernetes, ValidatePodUpdate() (tolerations of a pod may be added, and their
 * tolerationSeconds changed), plugin/pkg/admission/defaulttolerationseconds, pkg/controller's
 * NoExecute taint manager (the least tolerationSeconds of all that match counts; none is for ever). */
#ifndef AGENT_PODS_TOLERATIONS_H
#define AGENT_PODS_TOLERATIONS_H

#include <json-c/json.h>

/* What spec.tolerations of a pod is to become, so that it stays for as long as its node doesn't come
 * back: a new array, NULL if it does so already. */
struct json_object *tolerations_needed(struct json_object *pod);

#endif
