/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps, usage and results in a SlurmJob's status: what is told when there is time, and remembered by the
 * object itself. As JSON, since that is how the object has it: {"steps":[...],"usage":{...}}; results
 * (results/) with their hash and their condition, as "results", "resultsHash" and "resultsCollected". */
#ifndef AGENT_MIRROR_DETAILS_H
#define AGENT_MIRROR_DETAILS_H

#include <json-c/json.h>
#include <stdbool.h>

#include "sync-agent/slurm/step.h"

#define DETAILS_STEPS 32 /* as many of the latest are kept */

/* The details in a status as the API server has it, a new object; NULL if there are none. */
struct json_object *details_of(struct json_object *status);

/* Put them into a status that object_status() made; the condition too if that has conditions. details may be
 * NULL. */
void details_add(struct json_object *status, struct json_object *details);

/* What theirs (NULL: nothing) tells of results becomes that of ours (NULL: there are none). */
void details_take_results(struct json_object *ours, struct json_object *theirs);

/* Are two the same? NULL is none. */
bool details_same(struct json_object *a, struct json_object *b);

/* Take what a source tells of a step; what it does not tell stays. A step that begins later than
 * the one of that name ended is another one (the job was requeued). Returns true if that changed
 * anything. */
bool details_note_step(struct json_object *details, const struct step *step);

/* The steps in list are all that run of this job, at that time: the others have ended. Those that
 * began less than a few seconds before may be too young for the list. Returns true if that changed
 * anything. */
bool details_note_running(struct json_object *details, const struct step_list *running,
			  time_t when);

/* The job has ended at that time: none of its steps runs any more. */
bool details_note_ended(struct json_object *details, time_t when);

bool details_note_usage(struct json_object *details, const struct usage *usage);

bool details_have_usage(struct json_object *details);

#endif
