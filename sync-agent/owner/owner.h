/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slurm actions as the job's owner.
 *
 * A helper process, forked before the agent has threads, forks a child for each action; the child
 * becomes the user and makes the libslurm calls, so that Slurm itself says yes or no. */
#ifndef AGENT_OWNER_H
#define AGENT_OWNER_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "sync-agent/config.h"

struct owner;

/* Fork the helper. Call it once, before any thread is started. operator_actions: what is done as the
 * user that the agent runs as, not as the owner; the helper copies it by being forked. Returns NULL
 * with err filled. */
struct owner *owner_start(uint32_t minimum_uid, const struct words *operator_actions,
			  struct error *err);

/* Readable when owner_next() has something. */
int owner_fd(const struct owner *o);

/* Ask for an action on a job as user uid. steps is an array (owner/steps.h), all of which are done;
 * the reference is the caller's. ticket comes back with the answer. Returns 0, or -1 with err filled:
 * EPERM or EMSGSIZE is a refusal; with any other code (EAGAIN: the helper has enough to do; EPIPE: it is gone) the
 * same may be asked again later. */
int owner_act(struct owner *o, uint64_t ticket, uint32_t uid, uint32_t job_id,
	      struct json_object *steps, struct error *err);

/* From now on it acts for no uid below. */
void owner_set_minimum_uid(struct owner *o, uint32_t minimum_uid);

/* Ask for a submission by the user that request's "user" names; the rest of it: owner/sbatch.h. The
 * reference is the caller's. Returns 0, or -1 with err filled: it may be asked again later. */
int owner_submit(struct owner *o, uint64_t ticket, struct json_object *request, struct error *err);

/* Ask for a file's content, a JSON object of at most OWNER_FILE_MAX bytes, read as uid; what is no such file, or
 * can't be opened by that user, is no answer's object. Returns 0, or -1 with err filled. */
int owner_read(struct owner *o, uint64_t ticket, uint32_t uid, const char *path, struct error *err);

/* Have the collector run as uid (results/). body: a memory file with its request; to: what it answers on. Both stay
 * open here. What becomes of it is told on to alone, at the end by closing it. Returns 0, or -1 with err filled as
 * owner_act() does. */
int owner_collect(struct owner *o, uint32_t uid, int64_t seconds, int body, int to, struct error *err);

/* From now on, print what would be done instead of doing it; there are no answers. */
void owner_dry_run(struct owner *o);

struct owner_answer {
	uint64_t ticket;
	bool ok;
	bool lost; /* neither yes nor no: Slurm did not answer, or the child died; may be asked again */
	bool nobody; /* a submission's user isn't one that the agent acts for: text says why */
	uint32_t job_id; /* of a submission */
	char text[1000]; /* when not ok: Slurm's words */
	struct json_object *file; /* of owner_read(); the caller puts it; may be NULL */
	struct json_object *refusals; /* when ok: what was refused all the same, name: words; the caller
				       * puts it; may be NULL */
};

/* Take the next answer. Returns true if there was one; false with *dead set once the helper is
 * gone. */
bool owner_next(struct owner *o, struct owner_answer *ret, bool *dead);

/* Actions and submissions whose answers have not been taken. */
unsigned owner_pending(const struct owner *o);

/* The helper ends when its actions have ended, or at the fence (fence.h). */
void owner_stop(struct owner *o);

#endif
