/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the agent remembers of one SlurmJob object and its job, kept small: there may be 100,000.
 *
 * Each entry is known by its object's namespace and name, which a job born in Slurm has from its id.
 * Those with a job are known by its id as well: a submission has none yet. */
#ifndef AGENT_ENTRY_H
#define AGENT_ENTRY_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "sync-agent/lane.h"
#include "sync-agent/metrics/census.h"
#include "sync-agent/metrics/note.h"
#include "sync-agent/mirror/object.h"
#include "sync-agent/slurm/job.h"

/* Where an entry is: in one queue at most. */
enum entry_queue {
	QUEUE_NONE,
	QUEUE_READY,   /* something may have to be done */
	QUEUE_DELAYED, /* a write failed: again at not_before */
	QUEUE_COUNT,
};

struct edit;
struct results_note;
struct submission;

#define PARTS_ARRAY UINT8_MAX

struct entry {
	uint32_t id;              /* the job's, array's or leader's; 0: none */
	UT_hash_handle by_id, by_name;
	struct entry *next, *prev;
	enum entry_queue queue;

	/* The object, as the API server has it. */
	char *namespace, *name;   /* in one piece of memory: "NAMESPACE\0NAME" */
	char *version;            /* resourceVersion */
	char uid[37];
	int64_t generation, observed; /* metadata.generation, status.observedGeneration */
	uint64_t status_hash;     /* object_status_hash() */
	void *texts;              /* spec and status.current, packed: entry_spec(), entry_current() */
	char *finalizers;         /* JSON text: other controllers', NULL if none */
	char *completed, *failed; /* an array's indexes, NULL if none */
	char *cancelled_by;       /* NULL if not known */
	char *details;            /* JSON text: steps and usage, see mirror/details.h; NULL: none, or away */
	int64_t started;          /* status.startTime, 0 if none */
	int64_t submit;           /* status.submitTime, 0 if none */
	int64_t end;              /* status.endTime, 0 if none */
	int64_t ttl;              /* spec.ttlSecondsAfterFinished, -1: not set */
	char state[24];           /* status.state, "" if none */
	char label[24];           /* the label slurm-kube.io/state */
	struct synced *synced;    /* NULL: in sync */
	census_cell counted;      /* as what metrics count it */
	struct notes notes;
	struct results_note *results; /* results/note.h; NULL: none are asked for */

	/* Made with kubectl. */
	struct submission *submission; /* before it has a job: submit/ */
	char *submitted;          /* JSON text: the fields that Slurm does not tell again, as submitted */

	/* The job. */
	struct job_group *wanted; /* the latest truth that may differ from the object; NULL: none does */
	int64_t fresh_from;       /* monotonic: what was asked of Slurm before tells nothing any more */

	/* What goes on. */
	char *sent;               /* JSON text of the edits that were sent to Slurm last */
	char *known;              /* JSON text: see struct reconcile_input */
	struct edit *edit;        /* edit.h; NULL: there is none under way */
	int64_t not_before;       /* monotonic: a write failed, try again then */
	unsigned tries;           /* failed ones in a row */
	uint32_t owner_uid;       /* of the job that is acted on */
	struct lane_place lane;   /* what has time */
	uint8_t parts;            /* PARTS_ARRAY, the number of components, or 0 for a plain job */
	uint8_t usage_tries;      /* questions to slurmdbd for its usage */

	bool exists : 1;          /* the object is there */
	bool has_current : 1;     /* it has a status.current */
	bool born_here : 1;       /* made with kubectl, not by the agent for a job of Slurm's */
	bool strayed : 1;         /* what can't be changed is not what was submitted, which is not known */
	bool listed : 1;          /* seen in the list that is being read */
	bool deleting : 1;        /* deletionTimestamp is set */
	bool finalizer : 1;       /* ours is on it */
	bool orphan : 1;          /* deletionPolicy: Orphan */
	bool ended : 1;           /* its status says that the job has ended */
	bool settled : 1;         /* spec, status and Slurm have agreed since this agent started */
	bool gone : 1;            /* slurmctld has no such job */
	bool past_asked : 1;      /* slurmdbd was asked */
	bool cancelled : 1;       /* we sent the cancel */
	bool who_asked : 1;       /* slurmdbd was asked who cancelled it */
	bool details_dirty : 1;   /* the object has other details */
	bool details_away : 1;    /* the object has details that won't change, and nobody else */
	bool usage_done : 1;      /* its usage is known, or will not be */
	bool has_run : 1;         /* it was seen running */
	bool steps_seen : 1;      /* slurmctld told of steps of it */
	bool steps_listed : 1;    /* ... in its last list */
	bool finished : 1;        /* it is one of finished.most */
	bool expired : 1;         /* its object is to go */
	bool replaced : 1;        /* its object is of an older job of that id: it is to go */
	bool in_flight : 1;       /* a write is under way */
	bool as_written : 1;      /* nothing has come since it, or its status, was sent */
	bool acting : 1;          /* an action as the owner is under way */
};

/* All entries, by both of what they are known by. { 0 } has none. */
struct entries {
	struct entry *by_id, *by_name; /* uthash tables; each entry is in by_name */
};

/* What a table by name has as its key: both names in one piece, the NUL between them included. The caller frees it; NULL
 * without memory. */
char *entry_key(const char *namespace, const char *name, size_t *len);

struct entry *entry_find(const struct entries *all, uint32_t id);
struct entry *entry_find_name(const struct entries *all, const char *namespace, const char *name);

/* Add an entry, with the id of its job or 0; neither may be taken. NULL without memory. */
struct entry *entry_add(struct entries *all, uint32_t id, const char *namespace, const char *name);

/* Give an entry without a job the job of that id, which no other entry has; or take it away. */
void entry_bind(struct entries *all, struct entry *e, uint32_t id);
void entry_unbind(struct entries *all, struct entry *e);

/* Its object is to be in another namespace. Returns 0, or -1 if that name is taken or without memory. */
int entry_move(struct entries *all, struct entry *e, const char *namespace);

/* Take what the API server says about the object. */
void entry_take_object(struct entry *e, struct json_object *object);

/* It has another status, which is all that is new about it. */
void entry_take_status(struct entry *e, const char *version, struct json_object *status);

/* Its spec and status.current (the caller puts them); NULL if it has none. */
struct json_object *entry_spec(const struct entry *e);
struct json_object *entry_current(const struct entry *e);
/* Have it with another spec, which is not yet the server's. */
void entry_set_spec(struct entry *e, struct json_object *spec);

/* The object is gone; version is its last one, so that late answers about it are known as such. */
void entry_forget_object(struct entry *e, const char *version);

/* Set a text of the entry: the old one is freed, the new one copied; NULL empties it. */
void entry_set(char **to, const char *text);

/* Let go of details that the object has and that won't change any more. */
void entry_rest_details(struct entry *e);

/* Fields of spec were dealt with: they hold these values (null: the field was taken out). */
void entry_know(struct entry *e, struct json_object *values);
/* They were not, after all. */
void entry_unknow(struct entry *e, struct json_object *values);

/* The Synced condition that this entry's status is to have. */
const struct synced *entry_synced(const struct entry *e);
void entry_set_refused(struct entry *e, const char *reason, const char *message);
void entry_set_in_sync(struct entry *e);

/* Note what it was submitted with, of that which Slurm does not tell again. */
void entry_set_submitted(struct entry *e, struct json_object *spec);
/* A hash of that, as hexadecimal digits; "" if it is not known. */
void entry_submitted_hash(const struct entry *e, char buf[17]);

/* Remove and free; it must be in no queue, not in the lane, and nothing of it under way. */
void entry_remove(struct entries *all, struct entry *e);

#endif
