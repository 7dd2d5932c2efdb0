/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line for each thing done in Slurm on behalf of somebody in Kubernetes: to the journal with fields
 * of its own, or as NAME=VALUE pairs to standard error where there is no journal. */
#ifndef AGENT_AUDIT_H
#define AGENT_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

struct audit {
	const char *action;    /* "hold", "cancel", or "edit" */
	const char *field;     /* of an edit: the field of spec; else NULL */
	const char *value;     /* what it is to be; else NULL */
	const char *namespace, *name; /* of the object */
	uint32_t job_id;
	uint32_t uid;          /* the job's owner */
	bool as_operator;      /* done as the user that the agent runs as, not as the owner */
	const char *manager;   /* who asked: metadata.managedFields; "" or NULL: not known */
	const char *asked;     /* when, RFC 3339; "" or NULL: not known */
	const char *refused;   /* the words of a refusal; NULL: done */
};

/* Fields in the journal: SLURM_KUBE_ACTION, _FIELD, _VALUE, _OBJECT, _JOB, _UID, _AS, _MANAGER, _ASKED,
 * _RESULT, _REASON, and a MESSAGE for people. */
void audit_log(const struct audit *line);

#endif
