/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <uthash.h>

#include "common/buffer.h"
#include "common/json.h"
#include "common/slurm_compat.h"
#include "sync-agent/fence.h"
#include "sync-agent/owner/become.h"
#include "sync-agent/owner/protocol.h"
#include "sync-agent/owner/steps.h"
#include "sync-agent/owner/sbatch.h"
#include "sync-agent/results/collector.h"
#include "sync-agent/results/options.h"
#include "sync-agent/verbs/verbs.h"

#define CHILDREN_MAX 32
#define OWNER_READ_SECONDS 20 /* a network file system may hang */

/* A child at work: what is needed to answer for it should it die. */
struct child {
	pid_t pid;
	int64_t ticket;
	enum { ACTION, SUBMISSION, COLLECTION } kind;
	UT_hash_handle hh;
};

struct helper {
	int fd;
	pid_t pid;
	bool left; /* the agent is gone */
	bool warm; /* see warm_up() */
	int signals;
	uint32_t minimum_uid;
	const struct words *operator_actions;
	struct child *children;
};

static void send_answer(int fd, struct json_object *o)
{
	const char *message = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);

	if (send(fd, message, strlen(message), MSG_NOSIGNAL) < 0)
		return; /* the agent is gone; it will look for itself when it is back */
}

/* refusals: field: words; may be NULL. */
static void answer(int fd, int64_t ticket, bool ok, bool lost, const char *text,
		   struct json_object *refusals)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();

	json_set_int(o, "ticket", ticket);
	json_set_bool(o, "ok", ok);
	json_set_bool(o, "lost", lost);
	json_set_string(o, "text", text);
	json_object_object_add(o, "refusals", json_object_get(refusals));
	send_answer(fd, o);
}

/* -- the child ------------------------------------------------------------------------------ */

/* The helper sees to it that nothing is done after the fence: it takes its children along. To be called again
 * after a change of user, which clears that. */
static void end_with_helper(pid_t helper)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != helper)
		_exit(1);
}

/* What the site lets the agent do as the user it runs as, then the rest as the owner. */
static int run_steps(struct helper *h, struct json_object *request, struct json_object *refusals,
		     struct error *err)
{
	struct json_object *steps = json_get(request, "steps");
	_cleanup_json_ struct json_object *privileged = steps_select(steps, h->operator_actions, true);
	_cleanup_json_ struct json_object *own = steps_select(steps, h->operator_actions, false);
	uint32_t job_id = (uint32_t)json_get_int(request, "job", 0);

	if (steps_run(job_id, privileged, refusals, err) < 0)
		return -1;
	if (!json_length(own))
		return 0;
	if (become_uid((uid_t)json_get_int(request, "uid", -1), err) < 0)
		return -1;
	end_with_helper(h->pid);
	return steps_run(job_id, own, refusals, err);
}

static void begin_child(const struct helper *h, int64_t ticket)
{
	end_with_helper(h->pid);
	alarm(OWNER_ACTION_SECONDS);
	/* A group of its own, so that all it starts can be ended with it. */
	setpgid(0, 0);
	if (!fence_passed())
		return;
	answer(h->fd, ticket, false, true, "this agent doesn't lead any more", NULL);
	_exit(0);
}

static void __attribute__((noreturn)) run_child(struct helper *h, struct json_object *request)
{
	int64_t ticket = json_get_int(request, "ticket", 0);
	_cleanup_json_ struct json_object *refusals = json_object_new_object();
	struct error err = { 0 };
	int rc;

	begin_child(h, ticket);
	rc = run_steps(h, request, refusals, &err);
	answer(h->fd, ticket, rc == 0, rc < 0 && verb_error_is_passing(err.code), err.text, refusals);
	_exit(0);
}

static struct json_object *read_object(const char *path, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	struct stat st;
	size_t len;

	if (fd < 0 || fstat(fd, &st) < 0) {
		error_errno(err, "%s", path);
		return NULL;
	}
	if (!S_ISREG(st.st_mode)) {
		error_set(err, EINVAL, "%s: it is no file", path);
		return NULL;
	}
	if (buffer_read_fd(fd, path, OWNER_FILE_MAX, &text, &len, err) < 0)
		return NULL;
	return json_parse(text, len, err);
}

/* Nothing is changed by it, so whoever leads doesn't matter. */
static void __attribute__((noreturn)) run_read(struct helper *h, struct json_object *request)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	const char *path = json_get_string(request, "read");
	struct json_object *file = NULL;
	struct error err = { 0 };

	alarm(OWNER_READ_SECONDS);
	setpgid(0, 0);
	if (become_uid((uid_t)json_get_int(request, "uid", -1), &err) == 0) {
		end_with_helper(h->pid);
		file = read_object(path ? path : "", &err);
	}
	json_set_int(o, "ticket", json_get_int(request, "ticket", 0));
	json_set_bool(o, "ok", file != NULL);
	json_set_string(o, "text", err.text);
	/* Written anew, numbers and characters may be longer. */
	if (file && strlen(json_object_to_json_string_ext(file, JSON_C_TO_STRING_PLAIN)) <= OWNER_FILE_MAX)
		json_object_object_add(o, "file", json_object_get(file));
	json_object_put(file);
	send_answer(h->fd, o);
	_exit(0);
}

/* By name: looking it up may mean to ask a directory server, which the agent's loop can't wait for. */
static int become_name(const struct helper *h, const char *name, struct passwd **ret,
		       struct error *err)
{
	struct passwd *pw = name ? getpwnam(name) : NULL;

	if (!pw)
		return error_set(err, ENOENT, "there is no user '%.64s' on the agent's host",
				 name ? name : "");
	if (pw->pw_uid == 0 || pw->pw_uid < h->minimum_uid)
		return error_set(err, EPERM,
				 "user %s has uid %u; the agent acts for no uid below minimumUid (%u)",
				 name, pw->pw_uid, h->minimum_uid);
	*ret = pw;
	return become(pw, err);
}

static void __attribute__((noreturn)) run_submission(struct helper *h, int64_t ticket, int body)
{
	_cleanup_json_ struct json_object *request = NULL, *o = json_object_new_object();
	_cleanup_free_ char *text = NULL;
	struct sbatch_result result = { 0 };
	struct passwd *pw = NULL;
	struct error err = { 0 };
	size_t len;

	begin_child(h, ticket);
	json_set_int(o, "ticket", ticket);
	if (buffer_read_fd(body, "submission", OWNER_BODY_MAX, &text, &len, &err) < 0 ||
	    !(request = json_parse(text, len, &err)) ||
	    become_name(h, json_get_string(request, "user"), &pw, &err) < 0) {
		json_set_bool(o, "nobody", true);
		json_set_string(o, "text", err.text);
	} else {
		end_with_helper(h->pid);
		sbatch_run(request, pw, &result);
		json_set_bool(o, "ok", result.job_id != 0);
		json_set_bool(o, "lost", result.lost);
		json_set_int(o, "job", result.job_id);
		json_set_string(o, "text", result.words);
	}
	send_answer(h->fd, o);
	_exit(0);
}

/* fds: the request, and where to answer. */
static void __attribute__((noreturn))
run_collection(struct helper *h, struct json_object *request, const int *fds)
{
	struct error err;

	end_with_helper(h->pid);
	setpgid(0, 0);
	if (fence_passed())
		_exit(0);
	if (become_uid((uid_t)json_get_int(request, "uid", -1), &err) < 0) {
		dprintf(fds[1], "{\"error\":\"%s\"}\n", err.text);
		_exit(0);
	}
	end_with_helper(h->pid);
	collector_exec(fds[0], fds[1], (unsigned)json_get_int(request, "collect", 1));
}

/* -- the helper ----------------------------------------------------------------------------- */

/* What libslurm and the C library load when they are used first (plugins, name services) is to be there before
 * a fork: each child would load it for itself, and take longer for that than for what it was forked for.
 * Returns false if slurmctld wasn't there. */
static bool warm_up(void)
{
	struct passwd *pw = getpwuid(0);
	int n = 0;

	if (pw)
		getgrouplist(pw->pw_name, pw->pw_gid, NULL, &n);
	return slurm_ping(0) == SLURM_SUCCESS;
}

/* Fork for a ticket. Returns true in the child. */
static bool fork_child(struct helper *h, int64_t ticket, int kind)
{
	struct child *child = calloc(1, sizeof(*child));
	pid_t pid = child ? fork() : -1;
	sigset_t none;

	if (pid == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		return true;
	}
	if (pid < 0 && kind == COLLECTION) {
		free(child);
		return false;
	}
	if (pid < 0) {
		answer(h->fd, ticket, false, true, strerror(errno), NULL);
		free(child);
		return false;
	}
	child->ticket = ticket;
	child->kind = kind;
	child->pid = pid;
	HASH_ADD(hh, h->children, pid, sizeof(child->pid), child);
	return false;
}

/* fds: what came with it; the first is the whole of a submission, -1 for an action on a job. */
static void start_child(struct helper *h, struct json_object *request, const int *fds)
{
	int64_t ticket = json_get_int(request, "ticket", 0);
	int64_t uid = json_get_int(request, "uid", -1);

	bool allowed = uid >= h->minimum_uid && uid != 0 && uid < UINT32_MAX;

	if (fds[1] >= 0) {
		/* Else its socket is closed, and that is the answer. */
		if (allowed && fork_child(h, ticket, COLLECTION))
			run_collection(h, request, fds);
		return;
	}
	if (fds[0] >= 0) {
		if (fork_child(h, ticket, SUBMISSION))
			run_submission(h, ticket, fds[0]);
		return;
	}
	/* The agent has checked; who becomes other users checks again. */
	if (!allowed)
		answer(h->fd, ticket, false, false, "refused: uid not allowed", NULL);
	else if (fork_child(h, ticket, ACTION)) {
		if (json_get(request, "read"))
			run_read(h, request);
		run_child(h, request);
	}
}

static void reap(struct helper *h)
{
	struct signalfd_siginfo info;
	struct child *child;
	int status;
	pid_t pid;

	if (read(h->signals, &info, sizeof(info)) < 0)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		HASH_FIND(hh, h->children, &pid, sizeof(pid), child);
		if (!child)
			continue;
		if (child->kind != COLLECTION && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
			answer(h->fd, child->ticket, false, true, "the action was cut off", NULL);
		HASH_DEL(h->children, child);
		free(child);
	}
	/* slurmctld wasn't there at the start, but is by now. Not while there are children, whom the fence may have
	 * to end meanwhile. */
	if (!h->warm && !h->children) {
		warm_up();
		h->warm = true;
	}
}

/* The descriptors that came with a message; what didn't is -1. */
static void passed_fds(struct msghdr *msg, int fds[OWNER_FDS_MAX])
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);

	for (int i = 0; i < OWNER_FDS_MAX; i++)
		fds[i] = -1;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
}

/* Actions at work finish what they began, before the fence. A submission is ended, and sbatch with it:
 * the next agent looks whether there is a job, and it must not come later. So is a collection, which the next agent
 * begins anew. */
static void agent_left(struct helper *h)
{
	struct child *child, *tmp;

	h->left = true;
	HASH_ITER(hh, h->children, child, tmp)
		if (child->kind != ACTION)
			kill(-child->pid, SIGKILL);
}

static void take_request(struct helper *h)
{
	char buf[OWNER_MESSAGE_MAX], control[CMSG_SPACE(OWNER_FDS_MAX * sizeof(int))];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	_cleanup_json_ struct json_object *request = NULL;
	ssize_t n = recvmsg(h->fd, &msg, MSG_CMSG_CLOEXEC);
	int fds[OWNER_FDS_MAX];

	if (n == 0 || (n < 0 && errno != EINTR))
		agent_left(h);
	if (n <= 0)
		return;
	passed_fds(&msg, fds);
	if ((request = json_parse(buf, n, NULL))) {
		h->minimum_uid = (uint32_t)json_get_int(request, "minimumUid", UINT32_MAX);
		start_child(h, request, fds);
	}
	for (int i = 0; i < OWNER_FDS_MAX; i++)
		closep(&fds[i]);
}

/* Whoever leads next must not find them still at work. */
static void end_children(struct helper *h)
{
	for (struct child *c = h->children; c; c = c->hh.next)
		kill(-c->pid, SIGKILL);
}

/* Milliseconds until the fence ends the children, -1 if nothing does. */
static int until_fence(const struct helper *h)
{
	int64_t left = fence_until();

	if (!h->children || left == INT64_MAX)
		return -1;
	left -= fence_clock();
	return left <= 0 ? 0 : (int)(left / 1000 < 60000 ? left / 1000 + 1 : 60000);
}

void helper_run(int fd, uint32_t minimum_uid, const struct words *operator_actions)
{
	struct helper h = { .fd = fd, .pid = getpid(), .minimum_uid = minimum_uid,
			    .operator_actions = operator_actions };
	sigset_t mask;

	sigfillset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	h.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (h.signals < 0)
		_exit(1);
	h.warm = warm_up();
	while (!h.left || h.children) {
		bool full = HASH_COUNT(h.children) >= CHILDREN_MAX + RESULTS_PARALLEL_MAX;
		struct pollfd fds[] = {
			{ .fd = h.signals, .events = POLLIN },
			{ .fd = full || h.left ? -1 : h.fd, .events = POLLIN },
		};

		/* Once the fence has passed, their ends are waited for. */
		if (poll(fds, 2, fence_passed() ? -1 : until_fence(&h)) < 0 && errno != EINTR)
			_exit(1);
		if (fence_passed())
			end_children(&h);
		if (fds[0].revents)
			reap(&h);
		if (fds[1].revents)
			take_request(&h);
	}
	_exit(0);
}
