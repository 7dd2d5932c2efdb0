/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent's configuration file, checked whole at start. Each key: doc/agent.md. */
#ifndef AGENT_CONFIG_H
#define AGENT_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "sync-agent/log.h"

struct config {
	char *cluster;         /* NULL: ClusterName of slurm.conf */
	char *slurm_conf;      /* NULL: Slurm's own default */
	char *kubeconfig;      /* NULL: the service account of the pod it runs in */
	char *doorbell_unix;   /* path of the socket */
	char *doorbell_udp;    /* "ADDRESS:PORT", NULL: none */
	char *munge_socket;    /* NULL: munge's own default */
	char *namespace;       /* template such as "slurm-{user}" */
	bool create_namespaces;
	uint32_t minimum_uid;
	char *state_folder;
	enum log_level log_level;
};

/* Read and check path. Returns 0, or -1 with err filled (file, line, what is wrong). */
int config_load(const char *path, struct config *ret, struct error *err);

void config_free(struct config *c);

#endif
