/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes to the API server: what write.c, write_edit.c and write_lane.c share. */
#ifndef AGENT_WRITE_H
#define AGENT_WRITE_H

#include <json-c/json.h>

#include "sync-agent/agent.h"

#define MANAGER "fieldManager=" OBJECT_MANAGER
#define MERGE "application/merge-patch+json"
#define OBJECT_PATH "/apis/" OBJECT_API_VERSION "/namespaces/%s/slurmjobs"

/* A write under way: the entry may not be removed before its answer. */
struct write {
	struct agent *agent;
	struct entry *entry;
	const char *what;                             /* for messages */
	enum metric_counter count;
	void (*done)(struct write *w, struct json_object *object); /* the object as written; or NULL */
	void (*missing)(struct write *w);             /* the answer was 404; may be NULL */
	const char *accept;                           /* what is to be answered; NULL: the object */
	uint64_t from;                                /* the version it was made from, where that counts */
	uint64_t version;                             /* what the answer tells instead of an object; 0: it is one */
	bool settled;                                 /* done has seen to what is next */
	struct json_object *patch;                    /* of spec, or what done needs; may be NULL */
};

/* Start one like template, which is copied with a reference of its patch; the entry is in flight until the answer. */
void write_send(struct agent *a, const struct write *template, const char *method,
		const char *type, struct json_object *body, const char *path_format, ...)
	__attribute__((format(printf, 6, 7)));

/* A new body with the resourceVersion that the entry knows; whole: with kind and name too. */
struct json_object *write_body(const struct entry *e, bool whole);

/* A metav1 condition, of now. */
struct json_object *write_condition(const char *type, const char *status, const char *reason,
				    const char *message);

/* What metadata.finalizers is to be: others' stay, ours as told. A new array. */
struct json_object *write_finalizers(const struct entry *e, bool ours);

/* Take our finalizer off, others stay. */
void write_take_finalizer(struct agent *a, struct entry *e,
			  void (*done)(struct write *w, struct json_object *object));

/* namespaces.c: the namespace is missing: make it, if that is wanted. */
void namespace_create(struct write *w);

/* Is the server only away or overloaded? Then nothing is sent for a while. */
bool write_is_passing(const struct kube_answer *answer);
void write_pause(struct agent *a, const struct kube_answer *answer);

/* Ends of a write: the entry takes what the server has now; the object was there and is not: the
 * watch will say so, or has. */
void write_take_object(struct write *w, struct json_object *object);
void write_object_missing(struct write *w);

#endif
