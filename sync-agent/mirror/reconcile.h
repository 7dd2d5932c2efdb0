/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The three-way rule: what was edited in Kubernetes, what changed in Slurm, what to do about it.
 *
 * Pure: it calls nobody. A second round on its own outcome, with nothing changed in between, asks
 * for nothing. doc/agent.md tells the rule to people. */
#ifndef AGENT_MIRROR_RECONCILE_H
#define AGENT_MIRROR_RECONCILE_H

#include <json-c/json.h>
#include <stdbool.h>

#include "common/error.h"

struct reconcile_input {
	struct json_object *spec; /* as the object has it, its dependency in Slurm's terms */
	struct json_object *base; /* what spec and Slurm agreed on last: status.current, or the spec that
				   * the object was made with; NULL: not known, Slurm's word counts */
	struct json_object *known; /* what was dealt with since base was noted: edits sent to Slurm,
				    * truth written to spec. It is the base of its fields: a spec that
				    * still says it holds no further edit. null: the field was taken
				    * out. May be NULL */
	struct json_object *marked; /* status.sending: edits that were sent, or about to be, when the
				     * agent ended, and nobody knows what became of them. What spec says of
				     * these fields is an edit, the same one or a later one, since it
				     * was not base's. known tells more. May be NULL */
	struct json_object *accepted; /* of known: what Slurm said yes to. May be NULL */
	/* Of edits that came while no agent looked, from metadata.managedFields; NULL at other times: */
	struct json_object *ours;   /* fields that only the agent has set: they hold no edit */
	struct json_object *theirs; /* fields that somebody else has set, now or at some time before */
	struct json_object *now;  /* fields_now(): what Slurm says */
	bool finished;            /* the job has ended: only a requeue can be sent any more */
	bool forgotten;           /* ... and Slurm has forgotten it: nothing can */
};

struct reconcile_plan {
	struct json_object *send;  /* field: value, edits to send to Slurm; NULL if none */
	struct json_object *spec;  /* merge patch that makes spec the truth; NULL if it is. Fields
				    * being sent are left out: their truth is known afterwards */
	struct json_object *found; /* field: value, edits that Slurm has already and that nobody has told
				    * of: no answer was heard. NULL if none */
	bool refused;              /* an edit is taken back without asking Slurm: refusal says which */
	struct error refusal;
};

/* Compute the plan; the caller frees it. */
void reconcile(const struct reconcile_input *in, struct reconcile_plan *ret);

void reconcile_plan_free(struct reconcile_plan *plan);

#endif
