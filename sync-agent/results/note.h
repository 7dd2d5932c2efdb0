/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an entry remembers of its object's results: what is asked for, and what the status tells. */
#ifndef AGENT_RESULTS_NOTE_H
#define AGENT_RESULTS_NOTE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#define RESULTS_UNDER_WAY "Collecting" /* its reason until all is over */
#define RESULTS_KEY_SIZE 17

struct results_note {
	uint64_t asked; /* a hash of spec.results */
	uint64_t told;	/* status.resultsHash: of which results, and of which run of the job; 0: of
			   none */
	uint64_t checked; /* asked, as it was when it was last found to be fine */
	bool final;	  /* what the status tells of is over */
};

/* Take spec.results (NULL: none): *note is allocated if something is asked for, else freed. */
void results_note_take(struct results_note **note, struct json_object *list);

/* Take a status (NULL: none); note may be NULL. */
void results_note_take_status(struct results_note *note, struct json_object *status);

/* A hash of spec.results; 0: it is empty. */
uint64_t results_hash(struct json_object *list);

/* What status.resultsHash is for these results of a job that began then; 0: it has not. */
uint64_t results_key(uint64_t hash, int64_t started);
void results_key_text(uint64_t key, char buf[RESULTS_KEY_SIZE]);

/* Of a status: its condition, or NULL. Borrowed. */
struct json_object *results_condition(struct json_object *status);

#endif
