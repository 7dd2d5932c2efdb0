/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --once: end when all objects agree with one whole look at Slurm, or when that can't be reached.
 */
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"
#include "sync-agent/metrics/report.h"

#define PATIENCE 30000000 /* microseconds in which nothing moves */
#define SOON 1000000	  /* what is due later than that is not waited for */
#define TRIES 6		  /* failed writes of one object in a row */

/* What grows as long as there is progress. */
static uint64_t progress(struct agent *a)
{
	const struct kube_stats *s = a->kube ? kube_stats(a->kube) : NULL;
	uint64_t n = 0;

	for (size_t m = 0; s && m < KUBE_METHODS; m++)
		n += s->requests[m][KUBE_2XX];
	return n;
}

static bool is_acting(const struct agent *a)
{
	for (const struct entry *e = a->entries.by_name; e && !a->dry_run; e = e->by_name.next)
		if (e->acting)
			return true;
	return false;
}

static bool is_settled(struct agent *a)
{
	return a->listed && a->looked && !a->history.from && !a->looks && !a->queues[QUEUE_READY] &&
	       !a->queues[QUEUE_DELAYED] && lane_next(&a->lane) > clock_us() + SOON &&
	       !a->n_in_flight && !kube_stats(a->kube)->in_flight && slurm_thread_idle(a->slurm) &&
	       slurm_thread_idle(a->past) && catalog_settled(&a->clusters) &&
	       catalog_settled(&a->partitions) && pods_settled(a) && results_settled(a) && !is_acting(a);
}

static const struct entry *hopeless(const struct agent *a)
{
	for (const struct entry *e = a->queues[QUEUE_DELAYED]; e; e = e->next)
		if (e->tries >= TRIES)
			return e;
	return NULL;
}

static void give_up(struct agent *a, const char *what)
{
	log_error("not in sync: %s", what);
	a->failed = a->stop = true;
}

int64_t once_run(struct agent *a)
{
	const struct entry *e;
	char status[200];

	if (!a->once)
		return INT64_MAX;
	if (!a->once_until || progress(a) != a->once_progress) {
		a->once_progress = progress(a);
		a->once_until = clock_us() + PATIENCE;
	}
	if (a->kube && is_settled(a)) {
		log_info("in sync: %u objects", HASH_CNT(by_name, a->entries.by_name));
		a->stop = true;
	} else if ((e = hopeless(a))) {
		snprintf(status, sizeof(status), "%.64s/%.100s can't be written", e->namespace,
			 e->name);
		give_up(a, status);
	} else if (clock_us() > a->once_until) {
		if (a->kube && !a->leader.leads)
			snprintf(status, sizeof(status), "another agent leads");
		else
			report_status(a, status, sizeof(status));
		give_up(a, status);
	}
	return a->stop ? 0 : a->once_until;
}
