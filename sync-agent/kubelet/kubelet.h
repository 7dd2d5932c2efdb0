/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent's side of kubectl logs: it starts the processes (protocol.h) and answers their
 * questions. */
#ifndef AGENT_KUBELET_KUBELET_H
#define AGENT_KUBELET_KUBELET_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "sync-agent/config.h"

struct agent;
struct entry;
struct kubelet;

/* Listen at kubelet.listen and fork the keeper. Call it once, before any thread is started. Returns
 * NULL with err filled. */
struct kubelet *kubelet_start(const struct config *c, struct error *err);

/* Readable when kubelet_step() has something to do; -1 for NULL, which the others take, too. */
int kubelet_fd(const struct kubelet *k);

/* Take questions and answer them; a->kubelet may be NULL. Returns the monotonic time to be called
 * again. */
int64_t kubelet_step(struct agent *a, bool readable);

/* What is known of an entry has changed: has its job ended, or gone? */
void kubelet_taken(struct agent *a, const struct entry *e);
/* The same of a pod. */
void kubelet_pod(struct agent *a, const char *namespace, const char *name);

/* Have the files of a job measured, as log_marks_wanted() says; companion_measured() is called with
 * what was found, or isn't. Returns false without a kubelet process. */
bool kubelet_measure(struct agent *a, const char *namespace, const char *name,
		     struct json_object *wanted);

void kubelet_set_minimum_uid(struct kubelet *k, uint32_t minimum_uid);

/* Ends the processes. */
void kubelet_stop(struct kubelet *k);

#endif
