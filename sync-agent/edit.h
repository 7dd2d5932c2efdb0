/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is remembered of an edit from when the object brings it until spec, status and Slurm agree. */
#ifndef AGENT_EDIT_H
#define AGENT_EDIT_H

#include <json-c/json.h>
#include <stdbool.h>

#include "sync-agent/entry.h"
#include "sync-agent/mirror/reconcile.h"

/* All texts are JSON or NULL. */
struct edit {
	char *marked;   /* status.sending: what is about to be sent, by this agent or one before it */
	char *tried;    /* the mark that was written last, whether or not the server kept it */
	char *unheard;  /* what this agent sent and heard no answer of: as good as marked */
	char *accepted; /* fields that Slurm said yes to, and their values */
	char *editors;  /* [{"manager": ..., "time": ..., "fields": [...]}], from metadata.managedFields,
			 * the agent among them */
	char *found;    /* fields whose edits are seen to be done, and nobody has told of */
	int64_t asked;  /* the generation of the spec that was sent last */
	char *told;     /* a plain text: a refusal that was told, and is not yet taken back in spec */
	bool in_sync;    /* Slurm took one: a refusal that the object still tells of is over */
	int64_t refused; /* the generation whose refusals the condition Synced tells; 0: none's */
};

/* What the object says of edits. */
void edit_take_object(struct entry *e, struct json_object *object);

/* All agree: nothing is to be remembered. Also for an entry that goes. */
void edit_forget(struct entry *e);

/* What the agent has to remember of fields that Slurm doesn't tell (fields_kept()), for a job whose
 * record says restarts. A requeue that was marked and is done counts as accepted. A new reference. */
struct json_object *edit_kept(struct entry *e, uint64_t restarts);

/* The three-way rule for the entry's object and job. spec: the object's in Slurm's own terms; now:
 * fields_now(). */
void edit_plan(const struct entry *e, struct json_object *spec, struct json_object *now,
	       bool finished, struct reconcile_plan *ret);

/* Are these edits marked? */
bool edit_is_marked(const struct entry *e, struct json_object *send);
/* The mark for them: a merge patch of status.sending. Older marks stay until a status says what became
 * of all: only this agent knows yet. */
struct json_object *edit_mark_patch(const struct entry *e, struct json_object *send, uint64_t restarts);
void edit_mark_tried(struct entry *e, struct json_object *send);
/* Is one of these edits not to be sent before it is marked? So it is where Slurm doesn't tell whether it
 * was done, and doing it twice would do harm: a requeue. All others name a value: sent again they change
 * nothing, and what Slurm has shows that it took them. */
bool edit_waits_for_mark(struct json_object *send);

/* They are sent now. */
void edit_sent(struct entry *e, struct json_object *send);
/* What the plan and this have found done without an answer, each once; NULL if nothing. The caller puts it. */
struct json_object *edit_take_found(struct entry *e, const struct reconcile_plan *plan);
/* What tells one Event about edits from others: these of that generation, whoever sent them and heard of them. */
uint64_t edit_occasion(const struct entry *e, const char *text);
/* No answer came, neither yes nor no: these are still to be sent, or what spec says of them by then. */
void edit_unheard(struct entry *e, struct json_object *sent);
/* Slurm said yes to a field. */
void edit_accept(struct entry *e, const char *field, struct json_object *value);

/* Slurm has what was asked for: the condition Synced is True, whatever the object says until it is written. */
void edit_set_in_sync(struct entry *e);
/* A refusal is about to be told. Returns false if it was already, and is still to be taken back. */
bool edit_may_tell(struct entry *e, const char *text);
/* It was taken back: the next one is another. */
void edit_taken_back(struct entry *e);
/* The text for the condition Synced, other refusals of the same generation before it. */
void edit_set_refused(struct entry *e, const char *text);

/* Who set a field last, as far as the object tells: buf gets "MANAGER" and when "TIME", else "". */
void edit_editor(const struct entry *e, const char *field, char *manager, size_t manager_size,
		 char *when, size_t when_size);

#endif
