/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SlurmJobs made with kubectl, until they have a job: doc/submission.md tells the way.
 *
 *   submit.c    what an object needs next, what answers mean
 *   gather.c    its namespace's user, the ConfigMaps and Secrets it refers to
 *   claim.c     is there a job of it already?
 *   tell.c      Accepted conditions and Events
 *   options.c, words.c, mark.c   pure: sbatch's options, its words, the mark of an attempt
 */
#ifndef AGENT_SUBMIT_H
#define AGENT_SUBMIT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "common/error.h"
#include "common/stamp.h"
#include "sync-agent/submit/mark.h"

struct agent;
struct entry;
struct job_group;
struct owner_answer;
struct slurm_result;

#define TICKET_SUBMISSION (UINT64_C(1) << 62) /* of owner helper's tickets */
#define SUBMIT_WAIT_FIRST 1000000 /* microseconds; doubled four times */

enum submit_step {
	SUBMIT_GATHER, /* find out the user, read what spec refers to */
	SUBMIT_LOOK,   /* an earlier attempt may have made a job */
	SUBMIT_MARK,   /* note the attempt on the object */
	SUBMIT_RUN,    /* sbatch */
};

/* An object without a job. */
struct submission {
	char uid[STAMP_UID_LENGTH + 1]; /* the key */
	UT_hash_handle hh, by_serial;
	struct entry *entry;
	uint32_t serial; /* of its ticket */
	enum submit_step step;
	int64_t generation;     /* of the object that the rest is about */

	struct mark mark;       /* the object's */
	char user[65];          /* the namespace's, "" until it was read */
	uint64_t shown_hash;    /* of the Accepted condition that the object has */
	int64_t shown_generation;
	bool shown_false;
	struct json_object *references; /* what is to be read, then what was: {"configmaps": ...} */
	struct json_object *spec;       /* as it is submitted */
	struct json_object *request;    /* for the owner helper */
	int64_t wait_until;     /* monotonic: when to try again */
	unsigned waits, tries;  /* in a row: for something outside of the object; without an answer */
	bool for_us;            /* spec names this cluster */
	bool ignored;           /* it is another cluster's */
	bool refused;           /* this generation: nothing is done until spec changes */
	bool marked, own_mark;  /* the mark was there when the object was first seen; what became of the
				 * attempt is known */
	bool looked;            /* all of slurmctld's jobs were seen since look_from */
	int64_t look_from;      /* monotonic */
	bool past_asked, past_known; /* slurmdbd: was asked; has answered */
	uint32_t found_id;      /* a job with the object's stamp */
	char found_user[65];    /* ... and whose it is */
};

/* inbound_kube.c: an object without a job was seen or has changed. */
void submit_take_object(struct agent *a, struct entry *e, struct json_object *object);

/* sync.c: do what is next. */
void submit_advance(struct agent *a, struct entry *e);

/* inbound_slurm.c: is this group the job of a submission? Then it is bound to it, or kept until that can
 * be told. */
bool submit_claims(struct agent *a, const struct job_group *group);

/* inbound_slurm.c: the whole queue was looked at; slurmdbd has answered. */
void submit_queue_seen(struct agent *a, int64_t asked_us);
void submit_past_seen(struct agent *a, const struct slurm_result *r);

/* act.c: sbatch has ended. */
void submit_answered(struct agent *a, const struct owner_answer *answer);

/* spec.dependency with the names of SlurmJobs replaced by their jobs' ids; the caller frees it. NULL with
 * err filled if one has no job. */
char *submit_dependency(struct agent *a, const struct entry *e, const char *text,
			struct error *err);

/* The entry goes, or has a job now. */
void submit_forget(struct agent *a, struct entry *e);

#endif
