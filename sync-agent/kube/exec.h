/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Credential plugins: a command that kubeconfig names prints a token or a client certificate.
 *
 * It runs as a child beside the agent's loop, for at most a minute and 1 MiB of output, and its
 * answer holds until the time that it names, or until the API server refuses it. Source:
 * Kubernetes, "Authenticating", client-go credential plugins. */
#ifndef AGENT_KUBE_EXEC_H
#define AGENT_KUBE_EXEC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "common/buffer.h"
#include "common/error.h"
#include "sync-agent/kube/access.h"

/* What a plugin printed; freed by exec_credential_free(). */
struct exec_credential {
	char *token;
	char *certificate, *key; /* PEM */
	time_t expires;		 /* 0: not said */
};

/* Read an ExecCredential of that apiVersion. Returns 0, or -1 with err filled. Pure. */
int exec_credential_parse(const char *text, size_t len, const char *version,
			  struct exec_credential *ret, struct error *err);

void exec_credential_free(struct exec_credential *c);

/* { 0 } and out_fd -1: nothing has run yet. */
struct exec_plugin {
	struct exec_credential credential;
	bool has;   /* credential is one */
	pid_t pid;  /* 0: it is not running */
	int out_fd; /* non-blocking; -1: closed */
	struct buffer out;
	int64_t deadline; /* monotonic */
	int64_t not_before, pause;
	struct error problem; /* of the last run, code 0 if it was fine */
};

/* The credential can be used now. */
bool exec_ready(const struct exec_plugin *p);

/* The API server refused it: it is not used any more. */
void exec_refuse(struct exec_plugin *p);

/* Start it, read from it, end it. Returns 1 when there is a new credential, -1 when a run has
 * failed (p->problem says why), else 0. *when is lowered to the monotonic time to be called again.
 */
int exec_step(struct exec_plugin *p, const struct kube_exec *config, int64_t *when);

void exec_free_plugin(struct exec_plugin *p);

#endif
