/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/owner/owner.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "common/json.h"
#include "sync-agent/owner/protocol.h"

struct owner {
	int fd;
	pid_t helper;
	uint32_t minimum_uid;
	unsigned pending;
	bool dry_run;
};

struct owner *owner_start(uint32_t minimum_uid, const struct words *operator_actions,
			  struct error *err)
{
	struct owner *o = calloc(1, sizeof(*o));
	int pair[2];

	if (!o || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		error_errno(err, "socketpair");
		free(o);
		return NULL;
	}
	o->helper = fork();
	if (o->helper == 0) {
		close(pair[0]);
		prctl(PR_SET_NAME, "slurm-kube-own");
		helper_run(pair[1], minimum_uid, operator_actions);
	}
	close(pair[1]);
	if (o->helper < 0) {
		error_errno(err, "fork");
		close(pair[0]);
		free(o);
		return NULL;
	}
	o->fd = pair[0];
	o->minimum_uid = minimum_uid;
	return o;
}

int owner_fd(const struct owner *o)
{
	return o->fd;
}

/* "ACT uid 1001 job 42: update {"timeLimit":"60"}", a line per step */
static void print_request(struct json_object *message)
{
	struct json_object *steps = json_get(message, "steps");

	for (size_t i = 0; i < json_length(steps); i++) {
		struct json_object *step = json_object_array_get_idx(steps, i);
		struct json_object *fields = json_get(step, "fields");
		const char *verb = json_get_string(step, "verb");

		printf("ACT uid %lld job %lld: %s %s\n", (long long)json_get_int(message, "uid", 0),
		       (long long)json_get_int(message, "job", 0), verb ? verb : "",
		       fields ? json_object_to_json_string_ext(fields, JSON_C_TO_STRING_PLAIN) : "");
	}
}

static struct json_object *new_message(const struct owner *o, uint64_t ticket)
{
	struct json_object *message = json_object_new_object();

	json_set_int(message, "ticket", (int64_t)ticket);
	json_set_int(message, "minimumUid", o->minimum_uid);
	return message;
}

/* Send a message with n descriptors, at most OWNER_FDS_MAX. The agent's loop can't wait: when the helper has all hands
 * full and as much again before it, the error is EAGAIN. */
static int send_message(struct owner *o, struct json_object *message, const int *fds, size_t n,
			struct error *err)
{
	char control[CMSG_SPACE(OWNER_FDS_MAX * sizeof(int))] = { 0 };
	size_t bytes = n * sizeof(int);
	struct iovec iov = { .iov_base = (char *)json_object_to_json_string_ext(
				     message, JSON_C_TO_STRING_PLAIN) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	iov.iov_len = strlen(iov.iov_base);
	if (iov.iov_len >= OWNER_MESSAGE_MAX)
		return error_set(err, EMSGSIZE, "the edit is too large");
	if (n) {
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(bytes);
		*CMSG_FIRSTHDR(&msg) = (struct cmsghdr){ .cmsg_len = CMSG_LEN(bytes),
							 .cmsg_level = SOL_SOCKET,
							 .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), fds, bytes);
	}
	if (sendmsg(o->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return error_errno(err, "owner helper");
	return 0;
}

/* One that has an answer. */
static int ask(struct owner *o, struct json_object *message, int fd, struct error *err)
{
	if (send_message(o, message, &fd, fd >= 0, err) < 0)
		return -1;
	o->pending++;
	return 0;
}

int owner_collect(struct owner *o, uint32_t uid, int64_t seconds, int body, int to, struct error *err)
{
	_cleanup_json_ struct json_object *message = new_message(o, 0);

	if (uid < o->minimum_uid)
		return error_set(err, EPERM,
				 "the job belongs to uid %u; the agent acts for no uid below "
				 "minimumUid (%u)",
				 uid, o->minimum_uid);
	json_set_int(message, "uid", uid);
	json_set_int(message, "collect", seconds);
	return send_message(o, message, (const int[]){ body, to }, 2, err);
}

int owner_act(struct owner *o, uint64_t ticket, uint32_t uid, uint32_t job_id,
	      struct json_object *steps, struct error *err)
{
	_cleanup_json_ struct json_object *message = new_message(o, ticket);

	if (uid < o->minimum_uid)
		return error_set(err, EPERM,
				 "the job belongs to uid %u; the agent acts for no uid below "
				 "minimumUid (%u)",
				 uid, o->minimum_uid);
	json_set_int(message, "uid", uid);
	json_set_int(message, "job", job_id);
	json_object_object_add(message, "steps", json_object_get(steps));
	if (!o->dry_run)
		return ask(o, message, -1, err);
	print_request(message);
	return 0;
}

int owner_read(struct owner *o, uint64_t ticket, uint32_t uid, const char *path, struct error *err)
{
	_cleanup_json_ struct json_object *message = json_object_new_object();
	const char *text;

	if (o->dry_run || uid < o->minimum_uid)
		return error_set(err, EPERM, "the agent reads no files of uid %u", uid);
	json_set_int(message, "ticket", (int64_t)ticket);
	json_set_int(message, "minimumUid", o->minimum_uid);
	json_set_int(message, "uid", uid);
	json_set_string(message, "read", path);
	text = json_object_to_json_string_ext(message, JSON_C_TO_STRING_PLAIN);
	if (strlen(text) >= OWNER_MESSAGE_MAX)
		return error_set(err, ENAMETOOLONG, "the path is too long");
	if (send(o->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		return error_errno(err, "owner helper");
	o->pending++;
	return 0;
}

unsigned owner_pending(const struct owner *o)
{
	return o->pending;
}

void owner_dry_run(struct owner *o)
{
	o->dry_run = true;
}

void owner_set_minimum_uid(struct owner *o, uint32_t minimum_uid)
{
	o->minimum_uid = minimum_uid; /* each message tells the helper */
}

/* A memory file with the text of a JSON object. */
static int body_of(struct json_object *request)
{
	size_t len;
	const char *text = json_object_to_json_string_length(request, JSON_C_TO_STRING_PLAIN, &len);
	_cleanup_close_ int fd = memfd_create("submission", MFD_CLOEXEC);

	if (fd < 0 || len > OWNER_BODY_MAX || write(fd, text, len) != (ssize_t)len ||
	    lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return TAKE_FD(fd);
}

int owner_submit(struct owner *o, uint64_t ticket, struct json_object *request, struct error *err)
{
	_cleanup_json_ struct json_object *message = new_message(o, ticket);
	_cleanup_close_ int body = -1;

	if (o->dry_run) {
		printf("ACT user %s: submit the SlurmJob of uid %s\n",
		       json_get_string(request, "user"), json_get_string(request, "uid"));
		return 0;
	}
	body = body_of(request);
	if (body < 0)
		return error_set(err, ENOMEM, "not enough memory, or the submission is too large");
	return ask(o, message, body, err);
}

bool owner_next(struct owner *o, struct owner_answer *ret, bool *dead)
{
	char buf[OWNER_MESSAGE_MAX];
	_cleanup_json_ struct json_object *answer = NULL;
	const char *text;
	ssize_t n = recv(o->fd, buf, sizeof(buf), MSG_DONTWAIT);

	*dead = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
	if (n <= 0 || !(answer = json_parse(buf, n, NULL)))
		return false;
	o->pending -= o->pending > 0;
	*ret = (struct owner_answer){
		.ticket = (uint64_t)json_get_int(answer, "ticket", 0),
		.ok = json_get_bool(answer, "ok", false),
		.lost = json_get_bool(answer, "lost", false),
		.refusals = json_object_get(json_get(answer, "refusals")),
		.file = json_object_get(json_get(answer, "file")),
		.nobody = json_get_bool(answer, "nobody", false),
		.job_id = (uint32_t)json_get_int(answer, "job", 0),
	};
	text = json_get_string(answer, "text");
	snprintf(ret->text, sizeof(ret->text), "%s", text ? text : "");
	return true;
}

void owner_stop(struct owner *o)
{
	if (!o)
		return;
	close(o->fd);
	/* Actions may take a minute: they are the helper's then, and this process ends. */
	if (!o->pending)
		waitpid(o->helper, NULL, 0);
	free(o);
}
