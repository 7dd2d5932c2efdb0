/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the agent shows the API server to say who it is: a token, a client certificate, or what a
 * credential plugin prints. They are read again when they change, and renewed when the server refuses
 * them. */
#ifndef AGENT_KUBE_CREDENTIALS_H
#define AGENT_KUBE_CREDENTIALS_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "sync-agent/kube/access.h"
#include "sync-agent/kube/exec.h"

struct credentials {
	struct kube_access access;
	struct exec_plugin plugin;
	unsigned generation; /* another one when they change */
	int64_t files_next;  /* when to look at their files again */
	int64_t plugin_next; /* when the plugin is to be looked after; monotonic */
	bool said_files, said_plugin;
	char *token_read; /* content of access.token_file */
	struct timespec token_time;
};

/* access becomes theirs. */
void credentials_init(struct credentials *c, struct kube_access *access);

/* Look whether files have changed, kubeconfig's at most once a second. */
void credentials_look(struct credentials *c);

/* A request can be made now; else once credentials_step() has returned 1. */
bool credentials_ready(const struct credentials *c);

/* The server refused those of that generation. Returns true if there are others, or will be. */
bool credentials_renew(struct credentials *c, unsigned generation);

/* Into a request. Another certificate makes another connection: libcurl uses one only for what it was
 * opened with. */
void credentials_set(struct credentials *c, CURL *curl);

/* Run the plugin if there is one and it is time. Returns 1 when there is a new credential, -1 when it
 * has failed (plugin.problem), else 0. */
int credentials_step(struct credentials *c);

/* How long to wait for the plugin, at most timeout_ms; wanted: something waits for its credential. */
int credentials_wait(const struct credentials *c, int timeout_ms, bool wanted);

/* For a message: "the client certificate is". The string is static. */
const char *credentials_name(const struct credentials *c);

void credentials_free(struct credentials *c);

#endif
