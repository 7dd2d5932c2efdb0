/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kube.conf: what slurmctld's side of slurm-kube is told by the site. Described in job_submit_kube(8). */
#ifndef JOBSUBMIT_CONF_H
#define JOBSUBMIT_CONF_H

#include "common/doorbell.h"

struct conf {
	struct doorbell_target doorbell;
};

/* Says one problem to whoever reads the log. text names file and line and lives as long as the call. */
typedef void conf_complain(const char *text);

/* The settings that hold where the file says nothing. */
struct conf conf_default(void);

/* Read the text of a kube.conf. A line that can't be used is complained about and passed over: a
 * typing error must not keep slurmctld from starting. name: the file's, for the complaints. */
struct conf conf_parse(const char *name, const char *text, conf_complain *complain);

/* Read FOLDER/kube.conf. No such file: the defaults. Unreadable: the same, with a complaint. */
struct conf conf_load(const char *folder, conf_complain *complain);

#endif
