/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/loop.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "sync-agent/clock.h"
#include "sync-agent/http/server.h"
#include "sync-agent/kubelet/kubelet.h"
#include "sync-agent/log.h"
#include "sync-agent/notify.h"

#define DOORBELLS_AT_ONCE 512
#define BELLS_RETRY 5000000   /* microseconds */
#define WIND_DOWN_US 3000000  /* for what is under way at the end */
#define RELEASE_US 1000000    /* for giving the lease up */

bool agent_is_beside(const struct agent *a)
{
	return a->once || a->dry_run;
}

void agent_take_signals(struct agent *a, int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(a);
		else
			a->stop = true;
	}
}

/* The doorbell is the leader's: whoever stands by must not take the socket from it. One that can't be
 * opened costs time, nothing else; an agent that has stopped may hold the port for a while. */
static void open_doorbells(struct agent *a)
{
	struct error err;

	if (a->listener.config.unix_path || clock_us() < a->bells_retry || agent_is_beside(a))
		return;
	if (listener_open(&a->listener, &a->bells, &err) == 0)
		return;
	if (!a->bells_retry)
		log_warning("%s; trying again, and without doorbells polling alone tells of changes",
			    err.text);
	a->listener.config.unix_path = NULL;
	a->bells_retry = clock_us() + BELLS_RETRY;
}

static void take_doorbells(struct agent *a, int fd)
{
	struct doorbell bell;

	for (int i = 0; i < DOORBELLS_AT_ONCE && listener_take(&a->listener, fd, &bell); i++) {
		log_debug("doorbell: %s job %u", doorbell_kind_name(bell.kind), bell.job_id);
		look_doorbell(a, &bell);
	}
}

/* What the one agent that leads does; one that has led and may again, but doesn't now, only listens.
 * Returns when it wants to be called again. */
static int64_t lead(struct agent *a)
{
	/* Each returns when it wants to be called again. */
	static int64_t (*const listening[])(struct agent *) = { look_run, details_run, history_run,
								pods_watch };
	static int64_t (*const acting[])(struct agent *) = { sync_run, partitions_run, finished_run,
							      events_run, nodes_run, pods_run,
							      results_run };
	int64_t next = watch_step(&a->watch);

	open_doorbells(a);
	for (size_t i = 0; i < ARRAY_SIZE(listening); i++)
		next = clock_earlier(next, listening[i](a));
	for (size_t i = 0; i < ARRAY_SIZE(acting) && a->leader.leads; i++)
		next = clock_earlier(next, acting[i](a));
	return next;
}

/* What the loop waits for, besides its requests to the API server. */
enum {
	FD_SIGNALS,
	FD_SLURM,
	FD_OWNER,
	FD_BELL_UNIX,
	FD_BELL_UDP,
	FD_HTTP,
	FD_PAST,
	FD_KUBELET,
	FD_RESULTS,
	FD_COUNT
};

void agent_loop(struct agent *a, int signals)
{
	struct curl_waitfd fds[FD_COUNT] = {
		[FD_SIGNALS] = { .fd = signals, .events = CURL_WAIT_POLLIN },
		[FD_SLURM] = { .fd = slurm_thread_fd(a->slurm), .events = CURL_WAIT_POLLIN },
		[FD_OWNER] = { .fd = owner_fd(a->owner), .events = CURL_WAIT_POLLIN },
		[FD_BELL_UNIX] = { .fd = -1, .events = CURL_WAIT_POLLIN },
		[FD_BELL_UDP] = { .fd = -1, .events = CURL_WAIT_POLLIN },
		[FD_HTTP] = { .fd = http_fd(a->http), .events = CURL_WAIT_POLLIN },
		[FD_PAST] = { .fd = slurm_thread_fd(a->past), .events = CURL_WAIT_POLLIN },
		[FD_KUBELET] = { .fd = kubelet_fd(a->kubelet), .events = CURL_WAIT_POLLIN },
		[FD_RESULTS] = { .fd = results_fd(a), .events = CURL_WAIT_POLLIN },
	};

	while (!a->stop) {
		int64_t next = leader_step(&a->leader);

		a->anew = a->leader.overtaken;
		if (a->anew)
			break;
		if (a->leader.began)
			next = clock_earlier(next, lead(a));
		fds[FD_BELL_UNIX].fd = a->listener.config.unix_path ? a->listener.unix_fd : -1;
		fds[FD_BELL_UDP].fd = a->listener.config.unix_path ? a->listener.udp_fd : -1;
		next = clock_earlier(next, notify_step(a));
		next = clock_earlier(next, once_run(a));
		next = clock_earlier(next, http_step(a->http, fds[FD_HTTP].revents != 0));
		next = clock_earlier(next, kubelet_step(a, fds[FD_KUBELET].revents != 0));
		/* Requests just made are started after the wait, which they cut short: what an
		 * answer changes is always seen by the steps above before the next wait. */
		if (a->stop)
			break;
		kube_wait(a->kube, fds, FD_COUNT, clock_until_ms(next));
		/* However long that was: nothing is sent after the lease. */
		leader_step(&a->leader);
		kube_perform(a->kube);
		if (fds[FD_SIGNALS].revents)
			agent_take_signals(a, signals);
		if (fds[FD_SLURM].revents || fds[FD_PAST].revents)
			inbound_slurm(a);
		if (fds[FD_OWNER].revents)
			act_take_answers(a);
		if (fds[FD_BELL_UNIX].revents)
			take_doorbells(a, a->listener.unix_fd);
		if (fds[FD_BELL_UDP].revents)
			take_doorbells(a, a->listener.udp_fd);
		if (fds[FD_RESULTS].revents)
			results_hear(a);
	}
}

void agent_wind_down(struct agent *a)
{
	struct curl_waitfd fd = { .fd = owner_fd(a->owner), .events = CURL_WAIT_POLLIN };
	int64_t until = clock_us() + WIND_DOWN_US;

	while (a->leader.leads && !a->failed && clock_us() < until &&
	       (kube_writes(a->kube) || owner_pending(a->owner) || a->events.queue)) {
		leader_step(&a->leader);
		events_run(a);
		kube_wait(a->kube, &fd, 1, 50);
		kube_perform(a->kube);
		if (fd.revents)
			act_take_answers(a);
	}
	kube_cancel_writes(a->kube, "the agent ends");
	until = clock_us() + RELEASE_US;
	while (!a->failed && !owner_pending(a->owner) && !a->leader.released && clock_us() < until) {
		leader_release(&a->leader);
		kube_wait(a->kube, NULL, 0, 50);
		kube_perform(a->kube);
	}
}
