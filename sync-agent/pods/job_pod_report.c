/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When slurm-kube-pod's report is read. */
#include <string.h>

#include "common/json.h"
#include "common/pod_path.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"
#include "sync-agent/pods/job_pod.h"
#include "sync-agent/pods/job_pod_own.h"
#include "sync-agent/pods/status.h"
#include "sync-agent/pods/translate.h"

#define READ_SOON 400000   /* after a step's doorbell slurm-kube-pod has to notice, too */
#define READ_AGAIN 3000000 /* ... which may take longer */
#define READ_LAST 10000000 /* for the last report to be seen on this host */
#define READ_RETRY 1000000
#define READS_MAX 16 /* at a time: each is a process */

static unsigned reads; /* under way, of all pods */

static void read_report(struct agent *a, struct pod *p)
{
	struct job_pod *j = p->own;
	uint64_t id = (uint64_t)json_get_int(j->job, "status.jobId", 0);
	int64_t uid = json_get_int(j->job, "status.uid", 0);
	const char *workdir = json_get_string(j->job, "status.current.workingDir");
	char folder[3000], path[3100];

	if (reads >= READS_MAX) {
		j->read_at = clock_us() + READ_SOON;
		return;
	}
	j->read_at = 0;
	if (!id || uid <= 0 || uid >= UINT32_MAX ||
	    pod_folder(workdir, p->uid, folder, sizeof(folder)) < 0) {
		/* A job that has just begun may not have been told of whole. */
		j->report_known = pod_job_ended(j->job);
		return;
	}
	snprintf(path, sizeof(path), "%s/" POD_STATUS_FILE, folder);
	if (owner_read(a->owner, TICKET_POD | id, (uint32_t)uid, path, NULL) < 0) {
		j->report_known = pod_job_ended(j->job);
		return;
	}
	j->reading = true;
	reads++;
}

struct pod *job_pod_of(struct agent *a, const struct entry *e)
{
	char name[POD_JOB_NAME_SIZE];
	size_t n = strlen(e->name);
	struct pod *p;

	if (n <= POD_JOB_SUFFIX || n >= sizeof(name))
		return NULL;
	snprintf(name, sizeof(name), "%.*s", (int)(n - POD_JOB_SUFFIX), e->name);
	p = pods_find(&a->pods, e->namespace, name);
	return p && p->kind == &pod_job ? p : NULL;
}

bool job_pod_reported(struct agent *a, struct pod *p)
{
	struct job_pod *j = p->own;
	bool ended = pod_job_ended(j->job);
	int64_t now = clock_us();

	if (!pod_job_started(j->job) || j->report_known)
		return true;
	/* What the agent before this one knew. */
	if (p->phase == POD_RUNNING && !j->report && !j->looked) {
		j->looked = true;
		j->read_at = now;
	}
	if (ended && !j->give_up) {
		j->give_up = now + READ_LAST;
		j->read_at = now;
	}
	if (ended && now >= j->give_up)
		return true;
	if (j->read_at && j->read_at <= now && !j->reading)
		read_report(a, p);
	if (j->read_at && !j->reading)
		pods_wait(a, p, j->read_at);
	else if (ended && !j->report_known)
		pods_wait(a, p, j->give_up);
	return !ended || j->report_known;
}

void job_pod_steps(struct agent *a, const struct entry *e)
{
	struct pod *p = job_pod_of(a, e);
	struct job_pod *j = p ? p->own : NULL;

	if (!j || !j->job || j->report_known)
		return;
	j->bell_at = clock_us();
	if (!j->read_at || j->read_at > j->bell_at + READ_SOON)
		j->read_at = j->bell_at + READ_SOON;
	pods_enqueue(a, p);
}

/* Whoever has ended well has said so in its last report; who was killed may not have. */
static bool is_last(const struct job_pod *j)
{
	const char *state = json_get_string(j->job, "status.state") ?: "";

	return json_get_bool(j->report, "final", false) ||
	       (j->report && strcmp(state, "COMPLETED") && strcmp(state, "FAILED"));
}

void job_pod_answered(struct agent *a, const struct owner_answer *answer)
{
	struct entry *e = entry_find(&a->entries, (uint32_t)answer->ticket);
	struct pod *p = e ? job_pod_of(a, e) : NULL;
	struct job_pod *j = p ? p->own : NULL;
	int64_t now = clock_us();

	reads -= reads > 0;
	if (!j || !j->reading)
		return;
	j->reading = false;
	if (!answer->ok)
		log_debug("pod %s/%s: its report: %s", p->namespace, p->name, answer->text);
	if (answer->file)
		job_pod_set(&j->report, json_object_get(answer->file));
	if (pod_job_ended(j->job) && is_last(j))
		j->report_known = true;
	else if (pod_job_ended(j->job))
		j->read_at = now + READ_RETRY;
	else if (!j->read_at && now < j->bell_at + READ_AGAIN)
		j->read_at = j->bell_at + READ_AGAIN;
	pods_enqueue(a, p);
}
