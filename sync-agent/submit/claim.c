/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is there a job of this object already? Its stamp tells: slurmctld knows it while it knows the job, and
 * slurmdbd afterwards. Any user can have a job stamped with any uid, so it has to be the same user's. */
#include <string.h>

#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"
#include "sync-agent/owner/protocol.h"
#include "sync-agent/submit/steps.h"

/* An sbatch of another agent's that may still be on its way is dead by then. */
#define IN_FLIGHT_SECONDS (OWNER_ACTION_SECONDS + 15)

static struct submission *by_stamp(struct agent *a, const struct job_group *group)
{
	char uid[STAMP_UID_LENGTH + 1];
	struct submission *s;

	if (!a->submissions || !stamp_read(group->jobs[0]->admin_comment, uid))
		return NULL;
	HASH_FIND_STR(a->submissions, uid, s);
	return s;
}

bool submit_claims(struct agent *a, const struct job_group *group)
{
	const struct job *job = group->jobs[0];
	struct submission *s = by_stamp(a, group);

	if (!s || (s->user[0] && strcmp(s->user, job->user)))
		return false;
	s->found_id = group->key;
	snprintf(s->found_user, sizeof(s->found_user), "%s", job->user);
	if (s->user[0] && !s->entry->acting && !s->entry->in_flight)
		submit_bind(a, s->entry, group->key);
	else
		sync_enqueue(a, s->entry);
	return true;
}

void submit_queue_seen(struct agent *a, int64_t asked_us)
{
	struct submission *s, *tmp;

	HASH_ITER(hh, a->submissions, s, tmp) {
		if (s->looked || asked_us < s->look_from)
			continue;
		s->looked = true;
		sync_enqueue(a, s->entry);
	}
}

void submit_past_seen(struct agent *a, const struct slurm_result *r)
{
	struct submission *s;

	HASH_FIND_STR(a->submissions, r->uid, s);
	if (!s)
		return;
	if (r->failed) {
		log_warning("%s/%s: was it submitted before? %s; asking again", s->entry->namespace,
			    s->entry->name, r->err.text);
		s->past_asked = false;
		sync_retry(a, s->entry);
		return;
	}
	s->past_known = true;
	sync_enqueue(a, s->entry);
}

/* slurmctld forgets an ended job after MinJobAge. */
static bool look_at_past(struct agent *a, struct entry *e)
{
	struct submission *s = e->submission;
	time_t age = time(NULL) - s->mark.when;

	if (s->past_known)
		return true;
	if (a->accounting) {
		if (!s->past_asked)
			slurm_thread_ask_stamp(a->past, s->uid, s->user, s->mark.when);
		s->past_asked = true;
		return false;
	}
	if (age > a->min_job_age && !e->deleting) {
		submit_wait(a, e, "SubmissionUnknown",
			    "the agent was ended while it submitted this job, slurmctld has no such job "
			    "now, and there is no accounting to ask whether there was one: delete the "
			    "object and make it again if the job is still wanted");
		return false;
	}
	s->past_known = true;
	return true;
}

bool submit_look(struct agent *a, struct entry *e)
{
	struct submission *s = e->submission;
	int64_t wait;

	if (s->found_id && strcmp(s->found_user, s->user))
		s->found_id = 0; /* somebody else's, who made use of the uid */
	if (s->found_id) {
		submit_bind(a, e, s->found_id);
		return false;
	}
	if (!s->looked) {
		a->poll_whole = true;
		a->poll_next = 0;
		return false;
	}
	if (!s->mark.generation)
		return true;
	if (!look_at_past(a, e))
		return false;
	/* The same generation is not taken twice: job_submit_kube sees to that. */
	wait = IN_FLIGHT_SECONDS - (time(NULL) - s->mark.when);
	if (s->mark.generation == e->generation || s->own_mark || wait <= 0 ||
	    wait > IN_FLIGHT_SECONDS)
		return true;
	s->wait_until = clock_us() + wait * 1000000;
	sync_enqueue(a, e);
	return false;
}
