/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the API server is and who we are there.
 * Source: Kubernetes, "Organizing Cluster Access Using kubeconfig Files", "Accessing the API from a
 * Pod". */
#ifndef AGENT_KUBE_ACCESS_H
#define AGENT_KUBE_ACCESS_H

#include <stdbool.h>

#include "common/error.h"

/* PEM texts and strings, NULL when absent; freed by kube_access_free(). */
struct kube_access {
	char *server; /* "https://host:port", no slash at its end */
	char *ca, *certificate, *key;
	char *token;
	char *token_file; /* read again when it changes: tokens of pods expire */
	bool insecure;    /* kubeconfig's insecure-skip-tls-verify */
};

/* From a kubeconfig's current context. Returns 0, or -1 with err filled. */
int kube_access_from_file(const char *path, struct kube_access *ret, struct error *err);

/* From the service account of the pod we run in. Returns 0, or -1 with err filled. */
int kube_access_in_cluster(struct kube_access *ret, struct error *err);

void kube_access_free(struct kube_access *a);

#endif
