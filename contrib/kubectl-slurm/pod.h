/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pod of a SlurmJob, by which the API server lets a job's output be read and the job be
 * entered. Where there is none it is asked for, by the annotation slurm-kube.io/logs, for as long
 * as it is used: doc/nodes.md. */
#ifndef KUBECTL_SLURM_POD_H
#define KUBECTL_SLURM_POD_H

#include "contrib/kubectl-slurm/job.h"

struct pod {
	const struct kubectl *kubectl;
	const struct job *job;
	const char *name;      /* borrowed from job */
	const char *container; /* the caller's; NULL: the only one */
	char *asked, *before;  /* what the annotation was set to, and had been; asked is NULL if
				  nothing was changed */
};

/* Find the pod with that container, or have it made. wait: also where the job isn't in Slurm yet.
 * From now on signals are held back (kubectl_catch_signals). Returns 0, or -1 with err filled;
 * pod_leave() is due in any case. */
int pod_enter(struct pod *p, const struct kubectl *k, const struct job *job, const char *container,
	      bool wait, struct error *err);

/* It was there without a wish of ours, and is not any more: pod_enter() may be called again. */
bool pod_is_lost(const struct pod *p);

/* Take the wish away again, unless somebody has changed it meanwhile. */
void pod_leave(struct pod *p);

#endif
