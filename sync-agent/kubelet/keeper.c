/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kubelet/keeper.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uthash.h>
#include <utlist.h>

#include "common/json.h"
#include "sync-agent/clock.h"
#include "sync-agent/kubelet/open_file.h"
#include "sync-agent/kubelet/papers.h"
#include "sync-agent/kubelet/process.h"
#include "sync-agent/kubelet/protocol.h"
#include "sync-agent/kubelet/run_command.h"
#include "sync-agent/log.h"

#define OPENERS_MAX 256
#define COMMANDS_MAX 128
#define COMMANDS_OF_USER 32
#define OPENERS_OF_USER                                                                            \
	16 /* a file system that hangs keeps no other user's files from being opened */
#define LOOK_US 10000000 /* whether certificates have changed */
#define AGAIN_US 1000000 /* a process that ended soon is started again no sooner */
#define PROCESSES_MAX 8	 /* those that serve what they have begun */

/* A kubelet process: one takes connections, the others are ending. */
struct process {
	struct process *next, *prev;
	uint32_t number;
	pid_t pid;
	int fd, watches;
	int64_t started;
};

/* A child that opens a file, or runs a command. */
struct child {
	pid_t pid;
	int64_t serial;
	uid_t uid;
	bool runs;
	UT_hash_handle hh;
};

/* A file that is to be opened when there is room. */
struct waiting {
	struct waiting *next, *prev;
	struct json_object *answer;
};

struct keeper {
	int fd, listener, signals;
	const struct config *config;
	uint32_t minimum_uid;
	struct papers papers;
	struct process *processes, *serving; /* NULL: there is none, one is started at start_at */
	struct child *children;
	struct waiting *waiting; /* the oldest first */
	unsigned n_waiting;
	uint32_t count;
	int64_t start_at, look_at;
};

/* -- kubelet processes ----------------------------------------------------------------------- */

static void tell(const struct process *p, const char *text, size_t len)
{
	/* One that doesn't read is stopped, or about to end. */
	if (p && send(p->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN)
		log_debug("kubelet process %d: %s", p->pid, strerror(errno));
}

static struct process *process_of(const struct keeper *k, int64_t serial)
{
	struct process *p;

	DL_FOREACH (k->processes, p)
		if (p->number == kubelet_serial_process(serial))
			return p;
	return NULL;
}

static void refuse(const struct keeper *k, int64_t serial, unsigned status, const char *text)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	const char *message;

	json_set_int(o, "serial", serial);
	json_set_int(o, "status", status);
	json_set_string(o, "error", text);
	message = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	tell(process_of(k, serial), message, strlen(message));
}

static void child_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* By closing all others: what the agent has open is not for those who hear from everybody. */
static void keep_only(const int *fds, size_t n)
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

static void start_process(struct keeper *k)
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
		tell(old, text, strlen(text));
		if (++n >= PROCESSES_MAX)
			kill(old->pid, SIGKILL);
	}
}

/* Certificates are renewed while the agent runs. */
static void look_at_papers(struct keeper *k)
{
	struct error err;
	int rc;

	k->look_at = clock_us() + LOOK_US;
	rc = papers_refresh(&k->papers, k->config, &err);
	if (rc < 0)
		log_warning("%s; what was read before stays in use", err.text);
	if (rc <= 0 || !k->serving)
		return;
	log_info("kubelet: the certificates have changed");
	start_process(k);
	drain_others(k);
}

static void process_ended(struct keeper *k, struct process *p, int status)
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

/* -- files and commands ----------------------------------------------------------------------- */

/* Is there room for one more? */
static bool has_room(const struct keeper *k, uid_t uid, bool runs)
{
	unsigned all = 0, of_user = 0;

	for (struct child *c = k->children; c; c = c->hh.next) {
		all += c->runs == runs;
		of_user += c->runs == runs && c->uid == uid;
	}
	return runs ? all < COMMANDS_MAX && of_user < COMMANDS_OF_USER
		    : all < OPENERS_MAX && of_user < OPENERS_OF_USER;
}

static void __attribute__((noreturn))
run_child(struct json_object *answer, struct process *p, bool runs)
{
	child_signals();
	if (runs)
		run_command_child(answer, p->fd);
	open_file_child(answer, p->fd, p->watches);
}

/* Many may come at once, as after a restart. Returns false if there are too many already. */
static bool put_off(struct keeper *k, struct json_object *answer)
{
	struct waiting *w = k->n_waiting < KUBELET_STREAMS_MAX ? calloc(1, sizeof(*w)) : NULL;

	if (!w)
		return false;
	w->answer = json_object_get(answer);
	DL_APPEND(k->waiting, w);
	k->n_waiting++;
	return true;
}

static void start_child(struct keeper *k, struct json_object *answer, bool runs)
{
	int64_t serial = json_get_int(answer, "serial", 0), uid = json_get_int(answer, "uid", -1);
	struct process *p = process_of(k, serial);
	struct child *c;

	if (!p)
		return;
	if (uid <= 0 || uid < k->minimum_uid || uid >= UINT32_MAX) {
		refuse(k, serial, 403, "the agent does nothing as a user below its minimumUid");
		return;
	}
	if (!has_room(k, (uid_t)uid, runs) && !runs && put_off(k, answer))
		return;
	c = has_room(k, (uid_t)uid, runs) ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		refuse(k, serial, 503,
		       runs ? "too many commands run"
			    : "too many files are being opened; does a file system hang?");
		return;
	}
	c->pid = fork();
	if (c->pid == 0)
		run_child(answer, p, runs);
	if (c->pid < 0) {
		refuse(k, serial, 503, "no process can be started for it");
		free(c);
		return;
	}
	c->serial = serial;
	c->uid = (uid_t)uid;
	c->runs = runs;
	HASH_ADD(hh, k->children, pid, sizeof(c->pid), c);
}

static void start_waiting(struct keeper *k)
{
	struct waiting *w, *tmp;

	DL_FOREACH_SAFE (k->waiting, w, tmp) {
		if (!has_room(k, (uid_t)json_get_int(w->answer, "uid", -1), false))
			continue;
		DL_DELETE(k->waiting, w);
		k->n_waiting--;
		start_child(k, w->answer, false);
		json_object_put(w->answer);
		free(w);
	}
}

static void child_ended(struct keeper *k, struct child *c, int status)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		refuse(k, c->serial, 504,
		       c->runs ? "the command was cut off" : "the file system doesn't answer");
	HASH_DEL(k->children, c);
	free(c);
	start_waiting(k);
}

static void reap(struct keeper *k)
{
	struct signalfd_siginfo info;
	struct process *p, *tmp;
	struct child *c;
	int status;
	pid_t pid;

	if (read(k->signals, &info, sizeof(info)) < 0)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		HASH_FIND(hh, k->children, &pid, sizeof(pid), c);
		if (c)
			child_ended(k, c, status);
		DL_FOREACH_SAFE (k->processes, p, tmp)
			if (p->pid == pid)
				process_ended(k, p, status);
	}
}

/* -- messages --------------------------------------------------------------------------------- */

static void take_answer(struct keeper *k)
{
	char buf[KUBELET_MESSAGE_MAX];
	_cleanup_json_ struct json_object *answer = NULL;
	ssize_t n = recv(k->fd, buf, sizeof(buf), 0);
	struct process *p;

	if (n == 0 || (n < 0 && errno != EINTR)) {
		DL_FOREACH (k->processes, p)
			kill(p->pid, SIGKILL);
		_exit(0);
	}
	if (n < 0 || !(answer = json_parse(buf, n, NULL)))
		return;
	if (json_get(answer, "minimumUid"))
		k->minimum_uid = (uint32_t)json_get_int(answer, "minimumUid", UINT32_MAX);
	else if (json_get_string(answer, "path"))
		start_child(k, answer, false);
	else if (json_get(answer, "argv"))
		start_child(k, answer, true);
	else
		tell(process_of(k, json_get_int(answer, "serial", 0)), buf, n);
}

static void pass_question(struct keeper *k, struct process *p)
{
	char buf[KUBELET_MESSAGE_MAX];
	ssize_t n = recv(p->fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n > 0 && send(k->fd, buf, n, MSG_NOSIGNAL) < 0)
		log_debug("kubelet: %s", strerror(errno)); /* the agent has gone: recv() tells */
}

static int until_next(const struct keeper *k)
{
	int64_t next = k->look_at, left;

	if (!k->serving && k->start_at < next)
		next = k->start_at;
	left = next - clock_us();
	return left <= 0 ? 0 : (int)(left / 1000 + 1);
}

static void step(struct keeper *k)
{
	struct pollfd fds[2 + PROCESSES_MAX + 1] = {
		{ .fd = k->signals, .events = POLLIN },
		{ .fd = k->fd, .events = POLLIN },
	};
	struct process *p, *of[ARRAY_SIZE(fds)];
	nfds_t n = 2;

	DL_FOREACH (k->processes, p) {
		if (n == ARRAY_SIZE(fds))
			break;
		of[n] = p;
		fds[n++] = (struct pollfd){ .fd = p->fd, .events = POLLIN };
	}
	if (poll(fds, n, until_next(k)) < 0 && errno != EINTR)
		_exit(1);
	for (nfds_t i = 2; i < n; i++)
		if (fds[i].revents & POLLIN)
			pass_question(k, of[i]);
	if (fds[1].revents)
		take_answer(k);
	if (fds[0].revents)
		reap(k);
	if (clock_us() >= k->look_at)
		look_at_papers(k);
	if (!k->serving && clock_us() >= k->start_at)
		start_process(k);
}

void keeper_run(int fd, int listener, const struct config *config)
{
	struct keeper k = {
		.fd = fd, .listener = listener, .config = config, .minimum_uid = config->minimum_uid
	};
	struct error err;
	sigset_t mask;

	keep_only((const int[]){ fd, listener }, 2);
	sigfillset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	k.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (k.signals < 0)
		_exit(1);
	if (papers_refresh(&k.papers, config, &err) < 0)
		log_error("%s", err.text);
	k.look_at = clock_us() + LOOK_US;
	while (true)
		step(&k);
}
