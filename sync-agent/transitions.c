/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of a job that goes from one state to another. */
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "sync-agent/agent.h"

#define NEWS_SECONDS 600

/* Of jobs born in Slurm what somebody should know, of those made with kubectl all. */
static const struct {
	const char *state;
	enum event_type type;
	bool of_all;
	const char *reason, *message;
} told[] = {
	{ "RUNNING", EVENT_NORMAL, false, "Started", "the job runs" },
	{ "SUSPENDED", EVENT_NORMAL, false, "Suspended", "the job is suspended" },
	{ "COMPLETED", EVENT_NORMAL, false, "Completed", "the job completed" },
	{ "CANCELLED", EVENT_NORMAL, false, "Cancelled", "the job was cancelled" },
	{ "FAILED", EVENT_WARNING, true, "Failed", "the job failed" },
	{ "TIMEOUT", EVENT_WARNING, true, "Timeout", "the job reached its time limit" },
	{ "OUT_OF_MEMORY", EVENT_WARNING, true, "OutOfMemory", "the job ran out of memory" },
	{ "NODE_FAIL", EVENT_WARNING, true, "NodeFail", "a node of the job failed" },
	{ "BOOT_FAIL", EVENT_WARNING, true, "BootFail", "a node of the job did not boot" },
	{ "PREEMPTED", EVENT_WARNING, true, "Preempted", "the job was preempted" },
	{ "DEADLINE", EVENT_WARNING, true, "Deadline",
	  "the job could not end before its deadline" },
	{ "REQUEUED", EVENT_NORMAL, true, "Requeued", "the job was requeued" },
	{ "REQUEUE_HOLD", EVENT_NORMAL, true, "Requeued", "the job was requeued and held" },
};

/* One run of one job, so that each run's transitions are told, and each of them once. */
static uint64_t occasion(const struct view *v)
{
	return v->lead->submit * 1000003 + v->lead->restarts * 101 + v->lead->id;
}

/* The message, with where it runs and how it ended. */
static void explain(const struct view *v, const char *message, char *buf, size_t size)
{
	int status = (int)v->exit_status;

	if (v->phase == PHASE_RUNNING && v->lead->node_list[0] && !strcmp(v->state, "RUNNING"))
		snprintf(buf, size, "%s on %s", message, v->lead->node_list);
	else if (v->phase == PHASE_FAILED && v->exit_status != JOB_NONE && WIFSIGNALED(status))
		snprintf(buf, size, "%s: signal %d", message, WTERMSIG(status));
	else if (v->phase == PHASE_FAILED && v->exit_status != JOB_NONE && WEXITSTATUS(status))
		snprintf(buf, size, "%s: exit code %d", message, WEXITSTATUS(status));
	else
		snprintf(buf, size, "%s", message);
}

/* The first that is known of a job may be its end, if it was short; or it was long ago. */
static bool is_news(const struct view *v)
{
	return v->end && v->end + NEWS_SECONDS > (uint64_t)time(NULL);
}

void event_transition(struct agent *a, const struct entry *e, const struct view *v)
{
	char message[1024];

	if (!strcmp(e->state, v->state) || (!e->state[0] && !e->born_here && !is_news(v)))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
		if (strcmp(told[i].state, v->state) || (!told[i].of_all && !e->born_here))
			continue;
		explain(v, told[i].message, message, sizeof(message));
		event_post_once(a, e, told[i].type, told[i].reason, message, occasion(v));
	}
}
