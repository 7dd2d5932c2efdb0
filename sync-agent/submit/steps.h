/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of submit/. Each step returns true when the next may begin; if not, what it started or
 * waits for brings the entry back. */
#ifndef AGENT_SUBMIT_STEPS_H
#define AGENT_SUBMIT_STEPS_H

#include "sync-agent/submit/submit.h"

/* gather.c */
bool submit_gather_user(struct agent *a, struct entry *e);
bool submit_gather(struct agent *a, struct entry *e);

/* claim.c: is there a job already? If so it is bound. */
bool submit_look(struct agent *a, struct entry *e);

/* tell.c: Accepted is not true (yet). The first: something outside of the object has to change, which is
 * looked for again by and by. The second: spec has to change. */
void submit_wait(struct agent *a, struct entry *e, const char *reason, const char *message);
void submit_refuse(struct agent *a, struct entry *e, const char *reason, const char *message);
/* What the object says about that already. */
void submit_take_shown(struct submission *s, struct json_object *object);

/* submit.c: it is this job. */
void submit_bind(struct agent *a, struct entry *e, uint32_t id);

#endif
