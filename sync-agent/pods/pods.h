/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pods that concern the agent, and the writes to them. Nothing of this runs, and no request is
 * made, unless the configuration asks for virtual nodes or for pods.
 *
 * Who they are: pods of our virtual nodes (spec.nodeName), whoever put them there, and pods that
 * ask for our scheduler (spec.schedulerName). Each of these is a source: one list and watch of its
 * own, with a field selector. A record is kept of each pod; its kind says what is to become of it:
 *
 *   companion.c   the pod of a SlurmJob, for kubectl logs
 *   (job pods)    pods that are to become Slurm jobs
 *   stranger.c    all others: on our nodes, but not for us
 *
 * Level-triggered, as entries are: whatever is heard of a pod or of its SlurmJob puts its record in
 * the queue; the kind's advance() then compares the whole and starts at most one write, whose
 * answer brings the record back. Only the agent that leads calls advance(). */
#ifndef AGENT_PODS_H
#define AGENT_PODS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "sync-agent/kube/client.h"
#include "sync-agent/slurm/tally.h"

struct agent;
struct entry;
struct pod;
struct source;
struct wishes;

enum pod_phase { POD_PENDING, POD_RUNNING, POD_SUCCEEDED, POD_FAILED, POD_UNKNOWN };

/* What is done with the pods of a kind. Members may be NULL, but for name, is and advance. */
struct pod_kind {
	const char *name; /* for messages */
	/* Is this pod one? The kinds are asked in the order of pod_kinds[]. */
	bool (*is)(struct agent *a, struct json_object *pod);
	/* The pod as the server has it: take from it what the kind needs. The record's own members
	 * are set already. */
	void (*take)(struct agent *a, struct pod *p, struct json_object *pod);
	/* The pod is no more (p->exists is false); the record goes unless keep() wants it. */
	void (*gone)(struct agent *a, struct pod *p);
	/* May the record of a pod that is not there be dropped? NULL: yes. */
	bool (*keep)(struct agent *a, struct pod *p);
	/* What does it need now? Nothing of it is under way. */
	void (*advance)(struct agent *a, struct pod *p);
	/* Free p->own. */
	void (*free)(struct pod *p);
	/* An object of SlurmJobs was read or written: e is its entry, job the object, NULL: it is
	 * no more. Called for every one, whether or not it has a pod. */
	void (*job)(struct agent *a, struct entry *e, struct json_object *job);
};

extern const struct pod_kind pod_job, pod_companion, pod_stranger;
extern const struct pod_kind *const pod_kinds[];
extern const size_t n_pod_kinds;

enum pod_queue { PODS_NONE, PODS_READY, PODS_DELAYED, PODS_QUEUES };

struct pod {
	UT_hash_handle hh;
	char *namespace, *name; /* in one piece of memory */
	const struct pod_kind *kind;
	void *own; /* the kind's */

	/* The pod as the API server has it, if exists. */
	char *version; /* resourceVersion, also of one that is no more */
	char uid[37];
	const char *node; /* spec.nodeName, "" if none */
	enum pod_phase phase;
	bool exists;
	bool deleting;	      /* deletionTimestamp is set */
	bool scheduled_by_us; /* spec.schedulerName is pods.scheduler */
	unsigned char listed; /* in the lists that are being read: pods.c */
	/* What it asks for, as kube-scheduler counts it, by resource: cpu in thousandths. None if
	 * all are 0. */
	struct tally requests;

	/* What goes on. */
	enum pod_queue queue;
	struct pod *next, *prev;
	bool in_flight;
	unsigned tries;	    /* failed writes in a row */
	int64_t not_before; /* monotonic */
};

struct pods {
	struct pod *table; /* by namespace and name */
	struct source *sources;
	struct pod *queues[PODS_QUEUES];
	struct wishes *wishes; /* of namespaces: wishes.c; NULL: none yet */
	bool settled; /* every source's list has been read once */
	unsigned n_in_flight;
};

/* -- the table ------------------------------------------------------------------------------- */

/* Is there anything to do with pods in this configuration? */
bool pods_wanted(const struct agent *a);

struct pod *pods_find(const struct pods *all, const char *namespace, const char *name);

/* The record of that name, made if there is none (then of that kind, and not existing). NULL
 * without memory. */
struct pod *pods_add(struct agent *a, const char *namespace, const char *name,
		     const struct pod_kind *kind);

/* Have it advanced soon; at that monotonic time; after a pause that grows with each call until a
 * write succeeds. */
void pods_enqueue(struct agent *a, struct pod *p);
void pods_wait(struct agent *a, struct pod *p, int64_t until);
void pods_retry(struct agent *a, struct pod *p);

/* Take what the server says about a pod: from a watch, or as the answer to a write. */
void pods_take(struct agent *a, struct json_object *pod);

/* The SlurmJob of an entry as the server has it now; NULL: it is no more. For entry.c's callers. */
void pods_job(struct agent *a, struct entry *e, struct json_object *job);

/* -- writes (pods/write.c) --------------------------------------------------------------------- */

struct pod_write {
	const char *what; /* for messages: "make its pod" */
	const char *method;
	const char *tail; /* after the pod's name: "", "/status", "/binding"; NULL: the collection,
			     to create */
	const char *path; /* of another object, instead of the pod's; NULL: the pod's. 404 is refused() then */
	const char *type; /* of the body, NULL: application/json */
	struct json_object *body; /* stays the caller's; NULL: none */
	bool untaken; /* the answer is not given to pods_take(): done looks at it first */
	/* Taken (2xx). object: the answer, whatever its kind; a Pod has been given to pods_take().
	 * May be NULL. */
	void (*done)(struct agent *a, struct pod *p, struct json_object *object);
	/* Refused by the server, not for now but for what it says: 403, 409 to a creation, 422 and
	 * so on. Returns true if that is dealt with, false to have it tried again later, and told.
	 * May be NULL. */
	bool (*refused)(struct agent *a, struct pod *p, const struct kube_answer *answer);
};

#define POD_MERGE "application/merge-patch+json"

/* Start one; the record is in flight until its answer, and then comes to advance() again.
 * 404: the pod is no more. 409 to anything but a creation: the watch brings what has changed, then
 * it comes again. 429, 5xx, no answer: it comes again when the server is back. */
void pod_write(struct agent *a, struct pod *p, const struct pod_write *w);

/* {"status": status}, which is taken over, as a merge patch of the pod as it is known. */
void pod_write_status(struct agent *a, struct pod *p, struct json_object *status);

/* What a kubelet does at the end: the pod goes at once (grace period 0), if it still is that very
 * one. */
void pod_write_delete(struct agent *a, struct pod *p);

/* Read it: what is there under its name. */
void pod_read(struct agent *a, struct pod *p);

/* -- the loop ---------------------------------------------------------------------------------- */

/* Watch. Returns the monotonic time to be called again. */
int64_t pods_watch(struct agent *a);
/* Advance what is due. The same. */
int64_t pods_run(struct agent *a);
/* Is nothing left to be done, as far as is known? For --once. */
bool pods_settled(const struct agent *a);
void pods_free(struct agent *a);

#endif
