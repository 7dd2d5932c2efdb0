/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kube.conf: what the site tells slurmctld's side of slurm-kube, and its policy for containers.
 * Described in job_submit_kube(8) and doc/policy.md. */
#ifndef COMMON_KUBE_CONF_H
#define COMMON_KUBE_CONF_H

#include <stdbool.h>

#include "common/container_policy.h"
#include "common/doorbell.h"

struct kube_conf {
	struct doorbell_target doorbell;
	struct container_policy policy;
};
void kube_conf_free(struct kube_conf *conf);

/* Says one problem to whoever reads the log. text names file and line and lives as long as the
 * call. */
typedef void kube_conf_complain(const char *text);

/* The settings that hold where the file says nothing: all containers are allowed. */
struct kube_conf kube_conf_default(void);

/* Read the text of a kube.conf. A line that can't be used is complained about and passed over: a
 * typing error must not keep slurmctld from starting. But unless it is clearly about something
 * else, it leaves the policy broken, so that no container is allowed. name: the file's, for the
 * complaints. The caller frees what is returned. */
struct kube_conf kube_conf_parse(const char *name, const char *text, kube_conf_complain *complain);

/* Read a file. None there: the defaults if it is optional. Else, or unreadable: the defaults with a
 * broken policy, and a complaint. */
struct kube_conf kube_conf_load(const char *path, bool optional, kube_conf_complain *complain);

/* Where kube.conf is if nobody says so: in the folder of slurm.conf, which is the one in
 * SLURM_CONF, or /etc/slurm. Returns 0, or -1 if it doesn't fit. */
int kube_conf_default_path(char *path, size_t size);

#endif
