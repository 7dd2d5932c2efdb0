/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keeper's kubelet processes: one serves; when certificates have changed the next one does, and
 * those before it end what they have begun. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utlist.h>

#include "common/json.h"
#include "sync-agent/clock.h"
#include "sync-agent/kubelet/keeper_own.h"
#include "sync-agent/kubelet/process.h"
#include "sync-agent/kubelet/protocol.h"
#include "sync-agent/log.h"

#define AGAIN_US 1000000 /* a process that ended soon is started again no sooner */

/* -- messages --------------------------------------------------------------------------------- */

void process_tell(const struct process *p, const char *text, size_t len)
{
	/* One that doesn't read is stopped, or about to end. */
	if (p && send(p->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN)
		log_debug("kubelet process %d: %s", p->pid, strerror(errno));
}

struct process *process_of(const struct keeper *k, int64_t serial)
{
	struct process *p;

	DL_FOREACH (k->processes, p)
		if (p->number == kubelet_serial_process(serial))
			return p;
	return NULL;
}

void process_refuse(const struct keeper *k, int64_t serial, unsigned status, const char *text)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	const char *message;

	json_set_int(o, "serial", serial);
	json_set_int(o, "status", status);
	json_set_string(o, "error", text);
	message = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	process_tell(process_of(k, serial), message, strlen(message));
}

/* -- start and end ---------------------------------------------------------------------------- */

void child_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void keep_only(const int *fds, size_t n)
{
	unsigned from = STDERR_FILENO + 1;

	for (;;) {
		unsigned next = UINT_MAX;

		for (size_t i = 0; i < n; i++)
			if (fds[i] >= (int)from && (unsigned)fds[i] < next)
				next = (unsigned)fds[i];
		if (next > from && close_range(from, next == UINT_MAX ? next : next - 1, 0) < 0)
			_exit(1);
		if (next == UINT_MAX)
			return;
		from = next + 1;
	}
}

static void __attribute__((noreturn)) run_process(struct keeper *k, struct process *p, int fd)
{
	child_signals();
	prctl(PR_SET_NAME, "slurm-kube-klet");
	keep_only((const int[]){ fd, k->listener, p->watches }, 3);
	process_run(&(struct process_config){
		.number = p->number,
		.keeper = fd,
		.listener = k->listener,
		.watches = p->watches,
		.streams_max = (unsigned)k->config->kubelet_streams,
		.papers = &k->papers,
		.names = &k->config->kubelet_client_names,
	});
}

static void process_free(struct process *p)
{
	closep(&p->fd);
	closep(&p->watches);
	free(p);
}

void process_start(struct keeper *k)
{
	struct process *p = calloc(1, sizeof(*p));
	int pair[2] = { -1, -1 };

	k->start_at = clock_us() + AGAIN_US;
	if (!p)
		return;
	p->watches = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	p->number = ++k->count;
	p->started = clock_us();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0) {
		p->fd = pair[0];
		p->pid = fork();
		if (p->pid == 0)
			run_process(k, p, pair[1]);
		close(pair[1]);
	}
	if (pair[0] < 0 || p->pid < 0) {
		log_warning("kubelet process: %s; trying again", strerror(errno));
		p->fd = pair[0];
		process_free(p);
		return;
	}
	DL_PREPEND(k->processes, p);
	k->serving = p;
}

/* There is another one: serve what has begun, and end. */
static void drain_others(struct keeper *k)
{
	static const char text[] = "{\"drain\":true}";
	struct process *old, *tmp;
	unsigned n = 0;

	DL_FOREACH_SAFE (k->processes, old, tmp) {
		if (old == k->serving)
			continue;
		process_tell(old, text, strlen(text));
		if (++n >= PROCESSES_MAX)
			kill(old->pid, SIGKILL);
	}
}

void process_look_at_papers(struct keeper *k)
{
	struct error err;
	int rc;

	k->look_at = clock_us() + PAPERS_US;
	rc = papers_refresh(&k->papers, k->config, &err);
	if (rc < 0)
		log_warning("%s; what was read before stays in use", err.text);
	if (rc <= 0 || !k->serving)
		return;
	log_info("kubelet: the certificates have changed");
	process_start(k);
	drain_others(k);
}

void process_ended(struct keeper *k, struct process *p, int status)
{
	bool served = p == k->serving;

	if (served && WIFSIGNALED(status))
		log_error("the kubelet process was ended by signal %d; starting it again",
			  WTERMSIG(status));
	else if (served)
		log_error("the kubelet process ended with %d; starting it again",
			  WEXITSTATUS(status));
	if (served)
		k->serving = NULL;
	if (served && clock_us() - p->started > AGAIN_US)
		k->start_at = 0;
	DL_DELETE(k->processes, p);
	process_free(p);
}
