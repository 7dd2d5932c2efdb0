/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurm-kube-agent: the one loop. It owns all state; the Slurm thread and the owner helper talk to
 * it through descriptors. doc/agent.md tells how it works inside. */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#include "common/cleanup.h"
#include "common/slurm_compat.h"
#include "sync-agent/agent.h"
#include "sync-agent/check.h"
#include "sync-agent/clock.h"
#include "sync-agent/command_line.h"
#include "sync-agent/fence.h"
#include "sync-agent/http/server.h"
#include "sync-agent/kubelet/kubelet.h"
#include "sync-agent/log.h"
#include "sync-agent/notify.h"
#include "sync-agent/slurm/accounting.h"

#define DOORBELLS_AT_ONCE 512
#define BELLS_RETRY 5000000   /* microseconds */
#define WIND_DOWN_US 3000000  /* for what is under way at the end */
#define RELEASE_US 1000000    /* for giving the lease up */

static int check(const char *path)
{
	struct config c = { 0 };
	struct error err;
	unsigned problems;

	if (config_load(path, &c, &err) < 0) {
		log_error("%s", err.text);
		return EXIT_FAILURE;
	}
	problems = check_config(path, &c);
	config_free(&c);
	if (!problems)
		printf("%s: fine\n", path);
	return problems ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* -- signals -------------------------------------------------------------------------------- */

static int block_signals(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void take_signals(struct agent *a, int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(a);
		else
			a->stop = true;
	}
}

static int until(int64_t when)
{
	int64_t now = clock_us();

	if (when == INT64_MAX)
		return 60000;
	return when <= now ? 0 : (int)((when - now + 999) / 1000);
}

static int64_t earlier(int64_t x, int64_t y)
{
	return x < y ? x : y;
}

/* -- start ---------------------------------------------------------------------------------- */

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
		int64_t next = earlier(notify_step(a), once_run(a));

		if (!asked && clock_us() >= ask_at) {
			slurm_thread_ask(a->slurm, ASK_CONF, 0, false);
			asked = true;
			ask_at = clock_us() + 1000000;
		}
		next = earlier(next, http_step(a->http, fds[2].revents != 0));
		poll(fds, ARRAY_SIZE(fds), until(asked ? next : earlier(next, ask_at)));
		if (fds[0].revents)
			take_signals(a, signals);
	}
}

static int load_access(const struct config *c, struct kube_access *access, struct error *err)
{
	return c->kubeconfig ? kube_access_from_file(c->kubeconfig, access, err) :
			       kube_access_in_cluster(access, err);
}

/* Another agent may be running, whose doorbell and port are left alone. */
static bool is_beside(const struct agent *a)
{
	return a->once || a->dry_run;
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

/* Returns 0, with a->stop set if a signal has ended the start, or -1 with err filled. */
static int start(struct agent *a, struct kube_access *access, int signals, struct error *err)
{
	if (fence_init() < 0)
		return error_errno(err, "shared memory");
	/* Before any thread. */
	a->owner = owner_start(a->config.minimum_uid, &a->config.operator_actions, err);
	if (!a->owner)
		return -1;
	if (a->config.kubelet_listen && !is_beside(a) &&
	    !(a->kubelet = kubelet_start(&a->config, err)))
		return -1;
	if (a->config.http_listen && !is_beside(a) &&
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

static void stop(struct agent *a)
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

/* -- the loop ------------------------------------------------------------------------------- */

/* The doorbell is the leader's: whoever stands by must not take the socket from it. One that can't be
 * opened costs time, nothing else; an agent that has stopped may hold the port for a while. */
static void open_doorbells(struct agent *a)
{
	struct error err;

	if (a->listener.config.unix_path || clock_us() < a->bells_retry || is_beside(a))
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
		next = earlier(next, listening[i](a));
	for (size_t i = 0; i < ARRAY_SIZE(acting) && a->leader.leads; i++)
		next = earlier(next, acting[i](a));
	return next;
}

static void loop(struct agent *a, int signals)
{
	struct curl_waitfd fds[] = {
		{ .fd = signals, .events = CURL_WAIT_POLLIN },
		{ .fd = slurm_thread_fd(a->slurm), .events = CURL_WAIT_POLLIN },
		{ .fd = owner_fd(a->owner), .events = CURL_WAIT_POLLIN },
		{ .fd = -1, .events = CURL_WAIT_POLLIN },
		{ .fd = -1, .events = CURL_WAIT_POLLIN },
		{ .fd = http_fd(a->http), .events = CURL_WAIT_POLLIN },
		{ .fd = slurm_thread_fd(a->past), .events = CURL_WAIT_POLLIN },
		{ .fd = kubelet_fd(a->kubelet), .events = CURL_WAIT_POLLIN },
		{ .fd = results_fd(a), .events = CURL_WAIT_POLLIN },
	};

	while (!a->stop) {
		int64_t next = leader_step(&a->leader);

		a->anew = a->leader.overtaken;
		if (a->anew)
			break;
		if (a->leader.began)
			next = earlier(next, lead(a));
		fds[3].fd = a->listener.config.unix_path ? a->listener.unix_fd : -1;
		fds[4].fd = a->listener.config.unix_path ? a->listener.udp_fd : -1;
		next = earlier(next, notify_step(a));
		next = earlier(next, once_run(a));
		next = earlier(next, http_step(a->http, fds[5].revents != 0));
		next = earlier(next, kubelet_step(a, fds[7].revents != 0));
		/* Requests just made are started after the wait, which they cut short: what an
		 * answer changes is always seen by the steps above before the next wait. */
		if (a->stop)
			break;
		kube_wait(a->kube, fds, ARRAY_SIZE(fds), until(next));
		/* However long that was: nothing is sent after the lease. */
		leader_step(&a->leader);
		kube_perform(a->kube);
		if (fds[0].revents)
			take_signals(a, signals);
		if (fds[1].revents || fds[6].revents)
			inbound_slurm(a);
		if (fds[2].revents)
			act_take_answers(a);
		if (fds[3].revents)
			take_doorbells(a, a->listener.unix_fd);
		if (fds[4].revents)
			take_doorbells(a, a->listener.udp_fd);
		if (fds[8].revents)
			results_hear(a);
	}
}

/* Let what is under way end, then give the lease up. */
static void wind_down(struct agent *a)
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

/* Three threads allocate and free in one heap, and long answers and lists go back to the system at once: what
 * a long queue took for a moment isn't kept. */
static void tune_memory(void)
{
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	mallopt(M_TRIM_THRESHOLD, 256 << 10);
}

static void set_surroundings(const struct config *c)
{
	log_set_level(c->log_level);
	if (c->slurm_conf)
		setenv("SLURM_CONF", c->slurm_conf, 1);
	/* A line is to be seen at once, also in a pipe. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Else libslurm cuts the list of an array's pending tasks after 64 bytes. */
	setenv("SLURM_BITSTR_LEN", "0", 1);
}

static int begin_anew(char **argv)
{
	execvp(argv[0], argv);
	execv("/proc/self/exe", argv);
	log_error("beginning anew: %s", strerror(errno));
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct options options = { .config = DEFAULT_CONFIG };
	_cleanup_(kube_access_free) struct kube_access access = { 0 };
	struct agent a = { 0 };
	struct error err;
	int rc = command_line_parse(argc, argv, &options), signals;

	if (rc)
		return rc - 1;
	tune_memory();
	if (options.check_only)
		return check(options.config);
	a.config_path = options.config;
	a.once = options.once;
	a.dry_run = options.dry_run;
	if (config_load(options.config, &a.config, &err) < 0 ||
	    load_access(&a.config, &access, &err) < 0) {
		log_error("%s", err.text);
		return EXIT_FAILURE;
	}
	set_surroundings(&a.config);
	slurm_init(NULL);
	signals = block_signals();
	if (signals < 0 || start(&a, &access, signals, &err) < 0) {
		log_error("%s", signals < 0 ? strerror(errno) : err.text);
		return EXIT_FAILURE;
	}
	if (!a.stop) {
		log_info("slurm-kube-agent " PACKAGE_VERSION ": cluster %s, Kubernetes at %s",
			 a.cluster, kube_server(a.kube));
		loop(&a, signals);
	}
	if (!a.anew)
		notify_stopping();
	log_info(a.anew ? "another agent has led: beginning anew" : "ending");
	if (!a.anew && a.kube)
		wind_down(&a);
	rc = a.failed ? EXIT_FAILURE : EXIT_SUCCESS;
	history_stop(&a);
	stop(&a);
	slurm_fini();
	return a.anew ? begin_anew(argv) : rc;
}
