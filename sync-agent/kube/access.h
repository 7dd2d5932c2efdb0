/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the API server is and who we are there.
 * Source: Kubernetes, "Organizing Cluster Access Using kubeconfig Files", "Accessing the API from a
 * Pod". */
#ifndef AGENT_KUBE_ACCESS_H
#define AGENT_KUBE_ACCESS_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "common/error.h"

/* A command that prints credentials. Source: Kubernetes, client.authentication.k8s.io/v1. */
struct kube_exec {
	char *command;	/* a name for PATH, or an absolute path */
	char **args;	/* NULL at the end; the command first */
	char **env;	/* NAME=VALUE, NULL at the end: beside the agent's own */
	char *version;	/* apiVersion */
	char *hint;	/* installHint, or NULL */
	char *info;	/* KUBERNETES_EXEC_INFO */
};

#define ACCESS_FILES 4

/* PEM texts and strings, NULL when absent; freed by kube_access_free(). */
struct kube_access {
	char *server; /* "https://host:port", no slash at its end */
	char *url;    /* the same with tls-server-name as host, if there is one: for requests */
	char *connect_to; /* then: what to connect to, as libcurl's CURLOPT_CONNECT_TO has it */
	char *proxy;	  /* kubeconfig's proxy-url; else libcurl takes the environment's */
	char *ca, *certificate, *key;
	char *token;
	char *token_file; /* read again when it changes: tokens of pods expire */
	bool insecure;    /* kubeconfig's insecure-skip-tls-verify */
	struct kube_exec exec; /* command: NULL if there is none */
	/* What it was read from, and as it was then. */
	struct access_file {
		char *path;
		struct timespec time;
		ino_t inode;
	} files[ACCESS_FILES];
	bool in_cluster;
};

/* From a kubeconfig's current context. Returns 0, or -1 with err filled. */
int kube_access_from_file(const char *path, struct kube_access *ret, struct error *err);

/* From the service account of the pod we run in. Returns 0, or -1 with err filled. */
int kube_access_in_cluster(struct kube_access *ret, struct error *err);

/* Read it again if one of its files has changed since. Returns 1 if it has, 0 if not, -1 with err filled
 * if they can't be read now: then it is as it was, and the next call tries again. */
int kube_access_refresh(struct kube_access *a, struct error *err);

void kube_access_free(struct kube_access *a);

#endif
