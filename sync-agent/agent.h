/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All state of the agent, owned by the one loop in main.c. Who does what with it:
 *
 *   inbound_kube.c   what the watch says      -> entries
 *   inbound_slurm.c  what Slurm says          -> entries
 *   looks.c          doorbells and polls      -> questions to the Slurm thread
 *   sync.c           an entry of the queue    -> the next write or action it needs
 *   write.c          writes to the API server, and what their answers mean
 *   edits.c          what spec asks for that Slurm doesn't have
 *   submit/          objects made with kubectl, until they have a job
 *   act.c            edits and deletions as the job's owner
 *   audit.c          a line for each of these
 *   events.c         Kubernetes Events
 *   transitions.c    ... about states
 *   pods/            pods of SlurmJobs, and pods on our virtual nodes
 *   nodes.c          virtual nodes
 *   partitions.c     the cluster and its partitions -> catalog.c, which keeps their objects
 *   details.c        steps and usage
 *   results/         what is collected when a job has ended
 *   finished.c       objects of ended jobs, until they go
 *   history.c        jobs that came and went unseen
 *   tombs.c          jobs whose objects were deleted while slurmctld still knew them
 *   metrics/, http/  what is counted and told about all this
 *   notify.c         what systemd is told
 *   reload.c         SIGHUP
 *   once.c, dry.c    --once and --dry-run
 *   kubelet/         kubectl logs: processes of their own, and what they ask the loop
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "sync-agent/catalog.h"
#include "sync-agent/config.h"
#include "sync-agent/doorbell/listener.h"
#include "sync-agent/entry.h"
#include "sync-agent/kube/client.h"
#include "sync-agent/kube/watch.h"
#include "sync-agent/lane.h"
#include "sync-agent/leader.h"
#include "sync-agent/metrics/metrics.h"
#include "sync-agent/nodes.h"
#include "sync-agent/owner/owner.h"
#include "sync-agent/pods/pods.h"
#include "sync-agent/recorder.h"
#include "sync-agent/results/results.h"
#include "sync-agent/slurm/thread.h"
#include "sync-agent/submit/submit.h"

#define SLURMJOBS_PATH "/apis/" OBJECT_API_VERSION "/slurmjobs"

struct tomb;
struct look;
struct http;
struct kubelet;
struct waiting;
struct namespace;

struct agent {
	const char *config_path;
	struct config config;
	char *cluster;

	struct kube *kube;
	struct watch watch;
	struct slurm_thread *slurm, *past; /* asked of slurmctld, of slurmdbd */
	struct owner *owner;
	struct listener listener;
	struct listener_config bells;
	int64_t bells_retry; /* monotonic; when to try to open them again, 0: they are open */
	struct leader leader;
	struct recorder events;
	struct http *http; /* NULL: none */
	struct kubelet *kubelet; /* NULL: none */

	struct entries entries;
	struct entry *queues[QUEUE_COUNT];
	unsigned queued[QUEUE_COUNT]; /* how many are in each */
	struct submission *submissions, *submission_tickets; /* by the object's uid, by serial */
	uint32_t submission_serial;
	bool stop, failed;
	bool dry_run;          /* --dry-run: nothing is written or done */
	bool once;             /* --once */
	uint64_t once_progress;
	int64_t once_until;    /* monotonic: patience ends */
	bool anew;             /* to be started again: another agent has led since */
	bool listed;           /* the objects are known: Slurm may be asked */

	/* The API server gave no answer: nothing is sent until then. */
	int64_t kube_pause_until, kube_pause;
	struct namespace *namespaces;
	unsigned n_in_flight;  /* writes to objects under way */

	unsigned worked;       /* entries since memory was given back */

	struct lane lane;
	int64_t lane_next;     /* when it may write again */
	size_t n_finished, shrink_to;
	int64_t shrink_next;

	/* Looking at Slurm. */
	struct look *looks;
	struct look *who_looks;    /* at slurmdbd: who cancelled it? */
	uint32_t highest_id;       /* of all jobs seen */
	unsigned submits;          /* doorbells of submissions not yet found */
	bool polling;              /* a look at the whole queue is under way */
	bool poll_whole;           /* the next one has to be told all, not just changes */
	unsigned vain_looks;       /* at the whole queue, in a row, that showed nothing new */
	int64_t poll_cost;         /* microseconds that a look at the whole queue takes; 0: not known */
	int64_t poll_next;         /* when one is wished for */
	int64_t poll_not_before;   /* ... and when one is allowed */
	int64_t busy_at;           /* when something last happened */
	int64_t look_credit, look_credit_at; /* microseconds of slurmctld's time */
	bool slurm_down;           /* said so */
	bool slurm_answered;       /* once, since the start */
	time_t looked;             /* when the last whole look at the queue began, 0: none yet */

	/* Steps. */
	struct waiting *waiting;   /* doorbells of jobs not yet seen */
	unsigned n_waiting;
	bool steps_asked;
	int64_t steps_due, steps_every, steps_not_before;

	/* What slurmdbd is asked for. */
	bool accounting;           /* there is one */
	uint32_t min_job_age;      /* slurmctld's, seconds */
	bool job_submit_kube;      /* slurmctld has the plugin */
	time_t mark;               /* what ended before has been seen to; 0: not known */
	struct {
		time_t from;       /* what ended since is asked for; 0: nothing is */
		time_t next, portion;
		bool asked, again;
		int64_t not_before, save_next;
	} history;

	/* The cluster's own object and its partitions'. */
	struct catalog clusters, partitions;
	struct {
		struct partition_list *list; /* the latest; NULL: none yet */
		struct tally jobs;           /* by state */
		bool jobs_known, asked, force, told, failing;
		int64_t next;    /* monotonic: when to ask again */
		char *trouble;   /* why slurmctld doesn't answer; NULL: it does */
		time_t contact;  /* when it last did, 0: not yet */
	} look;

	struct nodes nodes;
	struct pods pods;
	struct results results;

	struct tomb *tombs;
	char *tombs_path;

	struct metrics metrics;
};

/* sync.c: put an entry at the end of the queue, if it isn't in it. */
void sync_enqueue(struct agent *a, struct entry *e);
/* Work on the queue while the API server has room. Returns the monotonic time to be called again. */
int64_t sync_run(struct agent *a);
/* Its object was made just as it was sent: if nothing has come since, only its status is to be written. */
void sync_made(struct agent *a, struct entry *e);
/* Its status was written: if nothing has come since it was sent, all agrees now. */
void sync_written(struct agent *a, struct entry *e);
/* Put an entry back after a failed write. */
void sync_retry(struct agent *a, struct entry *e);
/* The object was taken, or is gone: what has time follows from that. */
void sync_taken(struct agent *a, struct entry *e);
/* Have it worked on at a monotonic time. */
void sync_wait(struct agent *a, struct entry *e, int64_t until);
/* Remove an entry from queues and table, unless something of it is under way. */
void sync_drop(struct agent *a, struct entry *e);

/* write.c: each starts one write and marks the entry in flight. */
void write_create(struct agent *a, struct entry *e, const struct view *v);
void write_spec(struct agent *a, struct entry *e, struct json_object *patch);
void write_status(struct agent *a, struct entry *e, struct json_object *status);
/* write_edit.c: patch status.sending, so that send can be sent. */
void write_mark(struct agent *a, struct entry *e, struct json_object *patch,
		struct json_object *send);
/* Take an edit back (patch may be NULL) whose job is known only from the object. */
void write_late(struct agent *a, struct entry *e, struct json_object *patch);
/* write_lane.c: its label; its steps and usage alone. */
void write_label(struct agent *a, struct entry *e);
void write_details(struct agent *a, struct entry *e);
/* Set an annotation of it. */
void write_annotation(struct agent *a, struct entry *e, const char *key, const char *value);
/* Read the object: for once no write, but what comes back is taken as if it were one's answer. */
void write_fetch(struct agent *a, struct entry *e);
/* Its object is to go without a word: take our finalizer off, then delete it. */
void write_drop(struct agent *a, struct entry *e);
void write_finalizer_off(struct agent *a, struct entry *e);
/* The end of its job was never seen and is not to be found: say that. */
void write_lost(struct agent *a, struct entry *e);

/* namespaces.c: may an object of that user's be made in the entry's namespace? If that is not known
 * yet, or not so, false; then the entry comes back. */
bool namespace_ready(struct agent *a, struct entry *e, const char *user);
void namespaces_free(struct agent *a);

/* act.c: start an action; the entry is marked acting until owner_next() has the answer. */
void act_edit(struct agent *a, struct entry *e, const struct job *job, struct json_object *send);
void act_cancel(struct agent *a, struct entry *e, const struct job *job);
void act_take_answers(struct agent *a);
/* Edits that Slurm has, though no answer was heard: tell. */
void act_found(struct agent *a, struct entry *e, const struct job *job, struct json_object *found);
/* An edit is taken back without asking Slurm: tell, once. */
void act_refuse(struct agent *a, struct entry *e, const char *text);

/* edits.c: compare spec with the job. Returns true if that started a write or an action. */
bool edit_advance(struct agent *a, struct entry *e, const struct view *v);
/* Is it an edit of an object whose job Slurm has forgotten? Then take it back. */
bool edit_is_late(const struct entry *e);
void edit_advance_late(struct agent *a, struct entry *e);

/* events.c */
enum event_type { EVENT_NORMAL, EVENT_WARNING };
/* Note what is to be told; the same again within ten minutes is counted up. */
void event_post(struct agent *a, const struct entry *e, enum event_type type, const char *reason,
		const char *message);
/* The same for what happens once: occasion tells it from others of that reason. */
void event_post_once(struct agent *a, const struct entry *e, enum event_type type, const char *reason,
		     const char *message, uint64_t occasion);
/* Write what is noted, as the budget allows; all of it when the agent ends. Returns the monotonic time
 * to be called again at. */
int64_t events_run(struct agent *a);

/* transitions.c: tell what somebody should know about a job that went from one state to another. */
void event_transition(struct agent *a, const struct entry *e, const struct view *v);

/* inbound_kube.c, inbound_slurm.c */
void inbound_kube(void *agent, enum watch_event event, struct json_object *object);
void inbound_slurm(struct agent *a);
/* The entry for a job that is to have an object; a new one if there is none. NULL without memory. */
struct entry *inbound_entry(struct agent *a, const struct job_group *group);

/* looks.c */
void look_at(struct agent *a, uint32_t job_id);
/* Look now and, until it has ended, a few times more in growing steps. */
void look_until_ended(struct agent *a, uint32_t job_id);
/* Ask slurmdbd who cancelled a job; it learns that a moment after slurmctld. */
void look_who(struct agent *a, uint32_t job_id);
void look_doorbell(struct agent *a, const struct doorbell *bell);
/* An answer about that job has come. */
void look_answered(struct agent *a, const struct slurm_result *r, bool ended);
void look_polled(struct agent *a, const struct slurm_result *r);
/* Ask what is due. Returns the monotonic time to be called again. */
int64_t look_run(struct agent *a);
void looks_free(struct agent *a);

/* partitions.c */
void partitions_start(struct agent *a);
/* Every answer of the Slurm thread passes through here. */
void partitions_take(struct agent *a, struct slurm_result *r);
/* Ask and write what is due. Returns the monotonic time to be called again. */
int64_t partitions_run(struct agent *a);
void partitions_stop(struct agent *a);
/* details.c: the doorbell of a step; what a look at a job brought; an answer to ASK_STEPS. */
void details_bell(struct agent *a, const struct doorbell *bell);
void details_group(struct agent *a, struct entry *e, const struct job_group *group);
void details_steps(struct agent *a, struct slurm_result *r);
/* Ask for steps if it is time. Returns the monotonic time to be called again. */
int64_t details_run(struct agent *a);
/* Have slurmdbd asked for the usage of an ended job, a little later. */
void details_want_usage(struct agent *a, struct entry *e);
/* slurmdbd's answer to that. Returns false if it is not yet the final one. */
bool details_past(struct agent *a, struct entry *e, const struct job_group *group);
void details_free(struct agent *a);

/* finished.c: the object was taken; its days are over; it is no more. */
void finished_note(struct agent *a, struct entry *e);
void finished_expire(struct agent *a, struct entry *e);
void finished_uncount(struct agent *a, struct entry *e);
/* See to finished.most. Returns the monotonic time to be called again. */
int64_t finished_run(struct agent *a);

/* history.c */
void history_start(struct agent *a);
/* A whole look at the queue succeeded. */
void history_looked(struct agent *a, const struct slurm_result *r);
/* Ask for the next portion if it is time. Returns the monotonic time to be called again. */
int64_t history_run(struct agent *a);
void history_take(struct agent *a, struct slurm_result *r);
void history_stop(struct agent *a);

/* tombs.c */
int tombs_load(struct agent *a, struct error *err);
void tomb_add(struct agent *a, uint32_t id, uint64_t submit);
bool tomb_is(struct agent *a, uint32_t id, uint64_t submit);
/* Forget those whose job slurmctld has forgotten too, and that ended before slurmdbd's history is
 * asked for; ids is ascending. */
void tombs_prune(struct agent *a, const uint32_t *ids, size_t n);
void tombs_free(struct agent *a);

/* dry.c: an entry as if that body had been written. */
void dry_write(struct agent *a, struct entry *e, struct json_object *body);

/* once.c: end if --once was asked for and all is done, or nothing moves. Returns the monotonic time
 * to be called again. */
int64_t once_run(struct agent *a);

/* reload.c: read the configuration again; a wrong one is told, and the old one stays. */
void reload(struct agent *a);

#endif
