/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent's configuration file, checked whole at start. Each key: doc/agent.md. */
#ifndef AGENT_CONFIG_H
#define AGENT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/error.h"
#include "sync-agent/log.h"

/* A list of words, in the order of the file. */
struct words {
	char **list;
	size_t n;
};

bool words_have(const struct words *w, const char *word);

struct config {
	char *cluster;	     /* NULL: ClusterName of slurm.conf */
	char *slurm_conf;    /* NULL: Slurm's own default */
	char *kubeconfig;    /* NULL: the service account of the pod it runs in */
	char *doorbell_unix; /* path of the socket */
	char *doorbell_udp;  /* "ADDRESS:PORT", NULL: none */
	char *munge_socket;  /* NULL: munge's own default */
	char *http_listen;   /* "ADDRESS:PORT" of /metrics, /healthz and /readyz; NULL: none */
	/* What kubectl logs reaches; NULL: not served, a certificate of its own making, no certificates of
	 * clients. */
	char *kubelet_listen, *kubelet_certificate, *kubelet_key, *kubelet_client_ca;
	int64_t kubelet_streams;	   /* logs that are read at a time */
	struct words kubelet_client_names; /* let in without asking; an empty list is none */
	char *namespace;     /* template such as "slurm-{user}" */
	bool create_namespaces;
	/* Only jobs of these; an empty list is all. */
	struct words filter_partitions, filter_accounts, filter_users;
	/* Objects of ended jobs. */
	int64_t finished_ttl; /* seconds they stay where spec.ttlSecondsAfterFinished is not set; 0:
				 for ever */
	int64_t finished_most; /* the oldest above that number go before; 0: no limit */
	int64_t history; /* seconds back that slurmdbd is asked for jobs that ended unseen; 0: not
			  */
	/* What it does as the user it runs as, not as the owner: field_is_action() */
	struct words operator_actions;
	char *nodes_create;    /* "none", "partition" or "cluster": what gets a virtual node */
	char *nodes_address;   /* that Nodes publish; NULL: kubelet.listen's */
	char *logs_pods;       /* "none", "annotated" or "all": which SlurmJobs get a pod */
	struct words host_paths; /* prefixes that a hostPath of a pod may have */
	struct words priority_classes; /* "NAME=QOS" */
	char *pods_scheduler;  /* spec.schedulerName of pods that become jobs; NULL: none do */
	struct words results_volumes;	 /* results/volume.h; an empty list: none */
	struct words results_http_allow; /* results/url.h; an empty list: none */
	char *results_http_ca;		 /* PEM file of the CAs of these hosts; NULL: the system's */
	int64_t results_max_bytes;	 /* of one SlurmJob */
	int64_t results_timeout;	 /* seconds, of one result */
	int64_t results_parallel;	 /* SlurmJobs at a time */
	bool default_cluster;  /* SlurmJobs that name no cluster are this one's */
	bool elect;	       /* by a Lease */
	int64_t lease;	       /* seconds */
	char *lease_namespace; /* NULL: the pod's own, else kube-system */
	uint32_t minimum_uid;
	char *state_folder;
	enum log_level log_level;
};

/* Read and check path. Returns 0, or -1 with err filled (file, line, what is wrong). */
int config_load(const char *path, struct config *ret, struct error *err);

/* Put new in place of c and free what was there. Keys that can't change while the agent runs stay
 * as they were in c; kept is called for each that new has another value for. new is empty then. */
void config_replace(struct config *c, struct config *new,
		    void (*kept)(void *ctx, const char *name), void *ctx);

/* Print all keys with their values, as YAML; times are in seconds. */
void config_print(const struct config *c, FILE *to);

void config_free(struct config *c);

#endif
