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
#include "common/slurm_compat.h"
#include "sync-agent/fence.h"
#include "sync-agent/owner/child.h"
#include "sync-agent/results/options.h"

#define CHILDREN_MAX 32

/* A child at work: what is needed to answer for it should it die. */
struct child {
	pid_t pid;
	int64_t ticket;
	enum { ACTION, SUBMISSION, COLLECTION } kind;
	UT_hash_handle hh;
};

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
		child_answer(h, ticket, false, true, strerror(errno), NULL);
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
			child_collect(h, request, fds);
		return;
	}
	if (fds[0] >= 0) {
		if (fork_child(h, ticket, SUBMISSION))
			child_submit(h, ticket, fds[0]);
		return;
	}
	/* The agent has checked; who becomes other users checks again. */
	if (!allowed)
		child_answer(h, ticket, false, false, "refused: uid not allowed", NULL);
	else if (fork_child(h, ticket, ACTION)) {
		if (json_get(request, "read"))
			child_read(h, request);
		child_act(h, request);
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
			child_answer(h, child->ticket, false, true, "the action was cut off", NULL);
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
