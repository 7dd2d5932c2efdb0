/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <uthash.h>

#include "common/json.h"
#include "sync-agent/fence.h"
#include "sync-agent/owner/protocol.h"
#include "sync-agent/owner/steps.h"
#include "sync-agent/verbs/verbs.h"

#define CHILDREN_MAX 32

/* A child at work: what is needed to answer for it should it die. */
struct child {
	pid_t pid;
	int64_t ticket;
	UT_hash_handle hh;
};

struct helper {
	int fd;
	bool left; /* the agent is gone */
	int signals;
	uint32_t minimum_uid;
	const struct words *operator_actions;
	struct child *children;
};

/* refusals: field: words; may be NULL. */
static void answer(int fd, int64_t ticket, bool ok, bool lost, const char *text,
		   struct json_object *refusals)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	const char *message;

	json_set_int(o, "ticket", ticket);
	json_set_bool(o, "ok", ok);
	json_set_bool(o, "lost", lost);
	json_set_string(o, "text", text);
	json_object_object_add(o, "refusals", json_object_get(refusals));
	message = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	if (send(fd, message, strlen(message), MSG_NOSIGNAL) < 0)
		return; /* the agent is gone; it will look for itself when it is back */
}

/* -- the child ------------------------------------------------------------------------------ */

static int become(uid_t uid, struct error *err)
{
	struct passwd *pw = getpwuid(uid);

	if (geteuid() == uid)
		return 0;
	if (geteuid() != 0)
		return error_set(err, EPERM, "the agent doesn't run as root and can't act as uid %u",
				 uid);
	if (!pw)
		return error_set(err, ENOENT, "uid %u is no user on the agent's host", uid);
	if (initgroups(pw->pw_name, pw->pw_gid) < 0 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 || setresuid(uid, uid, uid) < 0)
		return error_errno(err, "becoming user %s", pw->pw_name);
	if (setuid(0) == 0)
		abort();
	return 0;
}

/* What the site lets the agent do as the user it runs as, then the rest as the owner. */
static int run_steps(struct helper *h, struct json_object *request, struct json_object *refusals,
		     struct error *err)
{
	struct json_object *steps = json_get(request, "steps");
	_cleanup_json_ struct json_object *privileged =
		steps_select(steps, h->operator_actions, true);
	_cleanup_json_ struct json_object *own = steps_select(steps, h->operator_actions, false);
	uint32_t job_id = (uint32_t)json_get_int(request, "job", 0);

	if (steps_run(job_id, privileged, refusals, err) < 0)
		return -1;
	if (!json_length(own))
		return 0;
	if (become((uid_t)json_get_int(request, "uid", -1), err) < 0)
		return -1;
	return steps_run(job_id, own, refusals, err);
}

static void __attribute__((noreturn)) run_child(struct helper *h, struct json_object *request)
{
	int64_t ticket = json_get_int(request, "ticket", 0);
	_cleanup_json_ struct json_object *refusals = json_object_new_object();
	struct error err = { 0 };
	sigset_t none;
	int rc;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	alarm(OWNER_ACTION_SECONDS);
	/* A group of its own, so that all it starts can be ended with it. */
	setpgid(0, 0);
	if (fence_passed()) {
		answer(h->fd, ticket, false, true, "this agent doesn't lead any more", NULL);
		_exit(0);
	}
	rc = run_steps(h, request, refusals, &err);
	answer(h->fd, ticket, rc == 0, rc < 0 && verb_error_is_passing(err.code), err.text, refusals);
	_exit(0);
}

/* -- the helper ----------------------------------------------------------------------------- */

static void start_child(struct helper *h, struct json_object *request)
{
	int64_t ticket = json_get_int(request, "ticket", 0);
	int64_t uid = json_get_int(request, "uid", -1);
	struct child *child = calloc(1, sizeof(*child));

	/* The agent has checked; who becomes other users checks again. */
	if (uid < h->minimum_uid || uid == 0 || uid >= UINT32_MAX || !child) {
		answer(h->fd, ticket, false, false, "refused: uid not allowed", NULL);
		free(child);
		return;
	}
	child->ticket = ticket;
	child->pid = fork();
	if (child->pid == 0)
		run_child(h, request);
	if (child->pid < 0) {
		answer(h->fd, ticket, false, true, strerror(errno), NULL);
		free(child);
		return;
	}
	HASH_ADD(hh, h->children, pid, sizeof(child->pid), child);
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
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			answer(h->fd, child->ticket, false, true, "the action was cut off", NULL);
		HASH_DEL(h->children, child);
		free(child);
	}
}

static void take_request(struct helper *h)
{
	char buf[OWNER_MESSAGE_MAX];
	_cleanup_json_ struct json_object *request = NULL;
	ssize_t n = recv(h->fd, buf, sizeof(buf), 0);

	if (n == 0 || (n < 0 && errno != EINTR))
		h->left = true; /* children at work finish what they began, before the fence */
	if (n <= 0 || !(request = json_parse(buf, n, NULL)))
		return;
	if (json_get(request, "minimumUid"))
		h->minimum_uid = (uint32_t)json_get_int(request, "minimumUid", UINT32_MAX);
	else
		start_child(h, request);
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
	struct helper h = { .fd = fd, .minimum_uid = minimum_uid,
			    .operator_actions = operator_actions };
	sigset_t mask;

	sigfillset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	h.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (h.signals < 0)
		_exit(1);
	while (!h.left || h.children) {
		bool full = HASH_COUNT(h.children) >= CHILDREN_MAX;
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
