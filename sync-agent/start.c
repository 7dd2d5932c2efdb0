/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the agent is made of, in the order in which it is started and stopped. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/fence.h"
#include "sync-agent/http/server.h"
#include "sync-agent/kubelet/kubelet.h"
#include "sync-agent/log.h"
#include "sync-agent/loop.h"
#include "sync-agent/notify.h"
#include "sync-agent/slurm/accounting.h"

/* slurmctld's answer about itself. Returns true if it is there. */
static bool take_slurm_conf(struct agent *a, bool *asked)
{
	static bool said;
	struct slurm_result *r;

	while ((r = slurm_thread_next(a->slurm))) {
		*asked = false;
		a->slurm_answered = !r->failed;
		a->bells.slurm_user = r->slurm_user;
		a->accounting = r->accounting;
		a->min_job_age = r->min_job_age;
		a->job_submit_kube = r->job_submit_kube;
		if (!r->failed && !a->cluster)
			a->cluster = TAKE_PTR(r->cluster);
		if (r->failed && !said)
			log_warning("Slurm: %s; waiting for slurmctld", r->err.text);
		said = said || r->failed;
		slurm_result_free(r);
	}
	return a->slurm_answered;
}

/* Cluster and SlurmUser are asked of slurmctld; it may not be up yet. */
static void wait_for_slurm(struct agent *a, int signals)
{
	struct pollfd fds[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = slurm_thread_fd(a->slurm), .events = POLLIN },
		{ .fd = http_fd(a->http), .events = POLLIN },
	};
	int64_t ask_at = 0;
	bool asked = false;

	while (!a->stop && !take_slurm_conf(a, &asked)) {
		int64_t next = clock_earlier(notify_step(a), once_run(a));

		if (!asked && clock_us() >= ask_at) {
			slurm_thread_ask(a->slurm, ASK_CONF, 0, false);
			asked = true;
			ask_at = clock_us() + 1000000;
		}
		next = clock_earlier(next, http_step(a->http, fds[2].revents != 0));
		poll(fds, ARRAY_SIZE(fds), clock_until_ms(asked ? next : clock_earlier(next, ask_at)));
		if (fds[0].revents)
			agent_take_signals(a, signals);
	}
}

static int start_election(struct agent *a, struct error *err)
{
	struct leader_config leader = {
		.elect = a->config.elect && !a->dry_run,
		.cluster = a->cluster,
		.namespace = a->config.lease_namespace,
		.state_folder = a->config.state_folder,
		.seconds = a->config.lease,
	};

	a->bells.unix_path = a->config.doorbell_unix;
	a->bells.udp = a->config.doorbell_udp;
	a->bells.munge_socket = a->config.munge_socket;
	a->bells.cluster = a->cluster;
	return leader_init(&a->leader, a->kube, &leader, err);
}

int agent_start(struct agent *a, struct kube_access *access, int signals, struct error *err)
{
	if (fence_init() < 0)
		return error_errno(err, "shared memory");
	/* Before any thread. */
	a->owner = owner_start(a->config.minimum_uid, &a->config.operator_actions, err);
	if (!a->owner)
		return -1;
	if (a->config.kubelet_listen && !agent_is_beside(a) &&
	    !(a->kubelet = kubelet_start(&a->config, err)))
		return -1;
	if (a->config.http_listen && !agent_is_beside(a) &&
	    !(a->http = http_start(a->config.http_listen, a, err)))
		return -1;
	a->slurm = slurm_thread_start(err);
	a->past = a->slurm ? slurm_thread_start(err) : NULL;
	if (!a->past)
		return -1;
	if (a->config.cluster)
		a->cluster = strdup(a->config.cluster);
	notify_ready();
	wait_for_slurm(a, signals);
	if (a->stop)
		return 0;
	accounting_set_cluster(a->cluster);
	if (tombs_load(a, err) < 0)
		return -1;
	a->kube = kube_new(access, err);
	if (!a->kube || start_election(a, err) < 0)
		return -1;
	if (a->dry_run) {
		kube_dry_run(a->kube);
		owner_dry_run(a->owner);
	}
	a->watch = (struct watch){ .kube = a->kube, .path = SLURMJOBS_PATH,
				   .on_event = inbound_kube, .ctx = a };
	a->look_credit_at = clock_us();
	partitions_start(a);
	if (results_start(a, err) < 0)
		return -1;
	history_start(a);
	return 0;
}

void agent_stop(struct agent *a)
{
	struct entry *e, *tmp;

	http_stop(a->http);
	kubelet_stop(a->kubelet);
	watch_free(&a->watch);
	partitions_stop(a);
	nodes_free(a);
	pods_free(a);
	results_free(a);
	kube_free(a->kube);
	leader_free(&a->leader);
	slurm_thread_stop(a->slurm);
	slurm_thread_stop(a->past);
	owner_stop(a->owner);
	if (a->listener.config.unix_path)
		listener_close(&a->listener);
	lane_free(&a->lane);
	HASH_ITER(by_name, a->entries.by_name, e, tmp) {
		submit_forget(a, e);
		entry_remove(&a->entries, e);
	}
	details_free(a);
	namespaces_free(a);
	recorder_free(&a->events);
	looks_free(a);
	tombs_free(a);
	free(a->cluster);
	config_free(&a->config);
}
