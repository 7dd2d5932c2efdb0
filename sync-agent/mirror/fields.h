/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields of a SlurmJob's spec that Slurm has a value for: one row each. */
#ifndef AGENT_MIRROR_FIELDS_H
#define AGENT_MIRROR_FIELDS_H

#include <json-c/json.h>
#include <stdbool.h>

#include "sync-agent/mirror/view.h"

enum field_type {
	FIELD_TEXT,
	FIELD_NUMBER,
	FIELD_BOOL,
	FIELD_MINUTES,
	FIELD_MEMORY, /* 0 is the same as none, for Slurm too */
	FIELD_COUNT,  /* of nodes: "2" or "2-4" */
	FIELD_WHEN,   /* a point of time as sbatch takes it */
	FIELD_STAMP,  /* a point of time as Kubernetes has it */
	FIELD_ARRAY,
	FIELD_DEPENDENCY,
	FIELD_TRES,
	FIELD_NICE,   /* a number; 0 is none */
	FIELD_FLAG,   /* a bool; false is none */
};

enum field_edit {
	EDIT_SENT,      /* an edit becomes a Slurm action */
	EDIT_ALWAYS,    /* the same, also when the job has ended; only a later time is an edit */
	EDIT_THROTTLE,  /* only what follows "%" can be changed */
	EDIT_IMMUTABLE, /* an edit is refused */
};

struct field {
	const char *name; /* in spec and in status.current */
	enum field_type type;
	enum field_edit edit;
	bool whole;   /* immutable fields compared whole, not echoed in status.current */
	/* The value as Slurm has it, a new reference; NULL when it has none. */
	struct json_object *(*get)(const struct view *v);
};

extern const struct field fields[];
extern const size_t n_fields;

/* The row of that name, or NULL. */
const struct field *field_find(const char *name);

/* Is name a field of spec that is about the object, not the Slurm job (deletionPolicy ...)? */
bool field_is_objects_own(const char *name);

/* Do two values of a field mean the same to Slurm ("60", 60 and "1:00:00")? NULL means absent. */
bool field_same(const struct field *f, struct json_object *a, struct json_object *b);

/* All fields that Slurm has a value for, as an object (the caller puts it). */
struct json_object *fields_now(const struct view *v);

/* What the agent has to remember of fields that Slurm doesn't tell (see view_before.kept): of what
 * was agreed on last and of what Slurm accepted since; either may be NULL. The caller puts it. */
struct json_object *fields_kept(struct json_object *current, struct json_object *accepted);

/* Is it the name of an action that a site can have done as an operator: "hold", "release",
 * "suspend", "resume", "requeue", "cancel", or a field that scontrol update changes? */
bool field_is_action(const char *name);

#endif
