/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which containers run now, and until when. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "common/json.h"
#include "spank/pod/pod.h"

/* Between two starts of a container, as kubelet has it. */
#define PAUSE_FIRST INT64_C(10000000)
#define PAUSE_LAST INT64_C(300000000)
#define PAUSE_RESET INT64_C(600000000)	 /* it ran that long */
#define REPORT_EVERY INT64_C(3600000000) /* so that the folder is seen to be in use */

enum restart { NEVER, ON_FAILURE, ALWAYS };

struct runner {
	struct pod *pod;
	enum restart restart;
	int64_t deadline, kill_at, report_at; /* monotonic */
	int64_t grace;
	int exit_code;
};

static enum restart restart_of(const struct pod *p)
{
	const char *policy = json_get_string(p->plan, "restartPolicy");

	if (policy && !strcmp(policy, "Never"))
		return NEVER;
	return policy && !strcmp(policy, "OnFailure") ? ON_FAILURE : ALWAYS;
}

/* -- one container ---------------------------------------------------------------------------- */

static bool is_started_again(const struct runner *r, const struct container *c)
{
	if (r->pod->stopping || r->restart == NEVER)
		return false;
	return c->turn.exit_code != 0 || (r->restart == ALWAYS && !c->init);
}

static void pause_before(struct container *c, int64_t now)
{
	c->pause = now - c->begun > PAUSE_RESET || !c->pause ? PAUSE_FIRST : c->pause * 2;
	if (c->pause > PAUSE_LAST)
		c->pause = PAUSE_LAST;
	c->not_before = now + c->pause;
}

static void ended(struct runner *r, struct container *c, int exit_code)
{
	c->srun = 0;
	c->turn.finished = time(NULL);
	c->turn.exit_code = exit_code;
	c->turn.reason = exit_code ? "Error" : "Completed";
	report_message(r->pod, c);
	if (is_started_again(r, c)) {
		pause_before(c, monotonic_us());
		return;
	}
	c->done = true;
	if (exit_code && !r->exit_code)
		r->exit_code = exit_code;
	/* What comes after an init container that failed for good never runs. */
	if (exit_code && c->init)
		r->pod->stopping = true;
}

static void start(struct runner *r, struct container *c)
{
	struct error err = { 0 };

	if (c->turn.started) {
		c->last = c->turn;
		c->restarts++;
	}
	c->turn = (struct turn){ .started = time(NULL) };
	c->begun = monotonic_us();
	c->srun = step_start(r->pod, c, &err);
	if (c->srun > 0)
		return;
	fprintf(stderr, "slurm-kube-pod: container %s: %s\n", c->name, err.text);
	ended(r, c, POD_EXIT_SETUP);
	c->turn.reason = "CreateContainerError";
	snprintf(c->turn.message, sizeof(c->turn.message), "%s", err.text);
}

/* -- all of them ------------------------------------------------------------------------------ */

/* Init containers by themselves, in their order, then all others. Returns true if anything was
 * started. */
static bool start_due(struct runner *r, int64_t now)
{
	bool any = false;

	for (size_t i = 0; i < r->pod->n && !r->pod->stopping; i++) {
		struct container *c = &r->pod->containers[i];

		if (!c->done && !c->srun && c->not_before <= now) {
			start(r, c);
			any = true;
		}
		if (c->init && !c->done)
			break;
	}
	return any;
}

static bool any_runs(const struct pod *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->containers[i].srun > 0)
			return true;
	return false;
}

static bool all_done(const struct pod *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (!p->containers[i].done)
			return false;
	return true;
}

static void stop_all(struct runner *r, int64_t now)
{
	if (!r->kill_at && any_runs(r->pod)) {
		step_terminate();
		r->kill_at = now + r->grace;
	}
	r->pod->stopping = true;
}

static void check_times(struct runner *r, int64_t now)
{
	struct pod *p = r->pod;

	if (r->deadline && now >= r->deadline) {
		p->reason = "DeadlineExceeded";
		snprintf(p->message, sizeof(p->message),
			 "Pod was active on the node longer than the specified deadline");
		r->exit_code = POD_EXIT_DEADLINE;
		r->deadline = 0;
		stop_all(r, now);
	}
	if (r->kill_at && now >= r->kill_at) {
		for (size_t i = 0; i < p->n; i++)
			step_kill(&p->containers[i]);
		r->kill_at = INT64_MAX;
	}
	if (now >= r->report_at) {
		r->report_at = now + REPORT_EVERY;
		report(p, false);
	}
}

/* Milliseconds until something is due. */
static int until_next(const struct runner *r, int64_t now)
{
	int64_t next = r->report_at;

	if (r->deadline && r->deadline < next)
		next = r->deadline;
	if (r->kill_at && r->kill_at < next)
		next = r->kill_at;
	for (size_t i = 0; i < r->pod->n && !r->pod->stopping; i++) {
		const struct container *c = &r->pod->containers[i];

		if (!c->done && !c->srun && c->not_before > now && c->not_before < next)
			next = c->not_before;
	}
	next = (next - now + 999) / 1000;
	return next < 0 ? 0 : next > 1000000 ? 1000000 : (int)next;
}

static int exit_code_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool reap(struct runner *r)
{
	bool any = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < r->pod->n; i++)
			if (r->pod->containers[i].srun == pid) {
				ended(r, &r->pod->containers[i], exit_code_of(status));
				any = true;
			}
	return any;
}

/* Slurm ends the job, or somebody has asked for it: it tells the steps itself, then kills
 * everything. */
static void take_signals(struct runner *r, int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGTERM && info.ssi_signo != SIGINT)
			continue;
		r->pod->stopping = true;
		if (!r->exit_code)
			r->exit_code = 128 + (int)info.ssi_signo;
	}
}

static int open_signals(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	return signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

int run(struct pod *p)
{
	struct runner r = { .pod = p, .restart = restart_of(p) };
	int64_t now = monotonic_us(), seconds = json_get_int(p->plan, "deadline", 0);
	_cleanup_close_ int signals = open_signals();

	r.grace = json_get_int(p->plan, "grace", 30) * 1000000;
	r.deadline = seconds > 0 ? now + seconds * 1000000 : 0;
	while (!all_done(p)) {
		struct pollfd fd = { .fd = signals, .events = POLLIN };
		bool changed;

		now = monotonic_us();
		check_times(&r, now);
		changed = start_due(&r, now);
		if (p->stopping && !any_runs(p))
			break;
		if (changed)
			report(p, false);
		if (!all_done(p))
			poll(&fd, 1, until_next(&r, now));
		take_signals(&r, signals);
		if (reap(&r))
			report(p, false);
	}
	/* It is only over when all have ended well. */
	return r.exit_code || all_done(p) ? r.exit_code : 128 + SIGTERM;
}
