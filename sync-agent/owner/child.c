/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/owner/child.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/fence.h"
#include "sync-agent/owner/become.h"
#include "sync-agent/owner/sbatch.h"
#include "sync-agent/owner/steps.h"
#include "sync-agent/results/collector.h"
#include "sync-agent/verbs/verbs.h"

#define OWNER_READ_SECONDS 20 /* a network file system may hang */

static void send_answer(int fd, struct json_object *o)
{
	const char *message = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);

	if (send(fd, message, strlen(message), MSG_NOSIGNAL) < 0)
		return; /* the agent is gone; it will look for itself when it is back */
}

void child_answer(const struct helper *h, int64_t ticket, bool ok, bool lost, const char *text,
		  struct json_object *refusals)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();

	json_set_int(o, "ticket", ticket);
	json_set_bool(o, "ok", ok);
	json_set_bool(o, "lost", lost);
	json_set_string(o, "text", text);
	json_object_object_add(o, "refusals", json_object_get(refusals));
	send_answer(h->fd, o);
}

/* The helper sees to it that nothing is done after the fence: it takes its children along. To be called again
 * after a change of user, which clears that. */
static void end_with_helper(pid_t helper)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != helper)
		_exit(1);
}

/* What the site lets the agent do as the user it runs as, then the rest as the owner. */
static int run_steps(const struct helper *h, struct json_object *request, struct json_object *refusals,
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
	child_answer(h, ticket, false, true, "this agent doesn't lead any more", NULL);
	_exit(0);
}

void child_act(const struct helper *h, struct json_object *request)
{
	int64_t ticket = json_get_int(request, "ticket", 0);
	_cleanup_json_ struct json_object *refusals = json_object_new_object();
	struct error err = { 0 };
	int rc;

	begin_child(h, ticket);
	rc = run_steps(h, request, refusals, &err);
	child_answer(h, ticket, rc == 0, rc < 0 && verb_error_is_passing(err.code), err.text, refusals);
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

void child_read(const struct helper *h, struct json_object *request)
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

void child_submit(const struct helper *h, int64_t ticket, int body)
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

void child_collect(const struct helper *h, struct json_object *request, const int *fds)
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
