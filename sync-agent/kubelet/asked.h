/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions of the kubelet process that are not answered yet, on the agent's side. */
#ifndef AGENT_KUBELET_ASKED_H
#define AGENT_KUBELET_ASKED_H

#include <json-c/json.h>
#include <uthash.h>

#include "sync-agent/agent.h"

#define ASKED_MAX 4096

struct asked {
	int64_t serial;
	struct agent *agent;
	struct json_object *question;
	bool waits;	   /* for the end of its job */
	bool forgotten;	   /* it is only there until its request to the API server is done */
	unsigned requests; /* to the API server, under way */
	UT_hash_handle hh;
};

/* kubelet.c: answer, and be done with it unless a request is under way. */
void asked_answer(struct asked *q, unsigned status, const char *text);
void asked_send(struct asked *q, struct json_object *answer);
/* A request to the API server on its behalf; done's ctx is the question, and asked_done() is the
 * first thing that done calls: false if nobody wants the answer any more, and the question is gone.
 */
void asked_request(struct asked *q, const char *method, const char *path, struct json_object *body,
		   kube_done *done);
bool asked_done(struct asked *q);

/* answers.c: begin to answer. answer_ended() may be called again, until the job has ended. */
void answer_output(struct asked *q);
void answer_ended(struct asked *q);
void answer_exec(struct asked *q);
/* enter.c */
void answer_enter(struct asked *q);

#endif
