/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kubelet/kubelet.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <utlist.h>

#include "common/json.h"
#include "sync-agent/clock.h"
#include "sync-agent/http/listen.h"
#include "sync-agent/kubelet/asked.h"
#include "sync-agent/kubelet/keeper.h"
#include "sync-agent/kubelet/protocol.h"
#include "sync-agent/log.h"
#include "sync-agent/pods/companion.h"

#define AT_ONCE 64
#define AGAIN_US 20000 /* the keeper had no room for an answer */
#define BUFFER_BYTES (4 << 20)

/* An answer that is to be sent. */
struct outgoing {
	struct outgoing *next, *prev;
	size_t len;
	char text[];
};

struct kubelet {
	int fd;
	pid_t keeper;
	struct asked *asked;
	struct outgoing *outgoing;
};

/* -- start and stop --------------------------------------------------------------------------- */

static void grow_buffers(int fd)
{
	int bytes = BUFFER_BYTES;

	/* Over the limit where that is allowed, else up to it. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

struct kubelet *kubelet_start(const struct config *c, struct error *err)
{
	_cleanup_close_ int listener = http_listen("kubelet.listen", c->kubelet_listen, err);
	struct kubelet *k = listener < 0 ? NULL : calloc(1, sizeof(*k));
	int pair[2];

	if (!k)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		error_errno(err, "socketpair");
		free(k);
		return NULL;
	}
	grow_buffers(pair[0]);
	k->fd = pair[0];
	k->keeper = fork();
	if (k->keeper == 0) {
		close(pair[0]);
		prctl(PR_SET_NAME, "slurm-kube-keep");
		keeper_run(pair[1], listener, c);
	}
	close(pair[1]);
	if (k->keeper < 0) {
		error_errno(err, "fork");
		close(k->fd);
		free(k);
		return NULL;
	}
	return k;
}

int kubelet_fd(const struct kubelet *k)
{
	return k ? k->fd : -1;
}

static void asked_free(struct asked *q)
{
	json_object_put(q->question);
	free(q);
}

void kubelet_stop(struct kubelet *k)
{
	struct outgoing *o, *otmp;
	struct asked *q, *qtmp;

	if (!k)
		return;
	close(k->fd);
	waitpid(k->keeper, NULL, 0);
	HASH_ITER (hh, k->asked, q, qtmp) {
		HASH_DEL(k->asked, q);
		asked_free(q);
	}
	DL_FOREACH_SAFE (k->outgoing, o, otmp)
		free(o);
	free(k);
}

/* -- answers ---------------------------------------------------------------------------------- */

static void send_text(struct kubelet *k, const char *text)
{
	size_t len = strlen(text);
	struct outgoing *o;

	if (!k->outgoing && send(k->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		return;
	o = malloc(sizeof(*o) + len);
	if (!o)
		return; /* whoever asked gives up after a while */
	o->len = len;
	memcpy(o->text, text, len);
	DL_APPEND(k->outgoing, o);
}

static void flush(struct kubelet *k)
{
	struct outgoing *o, *tmp;

	DL_FOREACH_SAFE (k->outgoing, o, tmp) {
		if (send(k->fd, o->text, o->len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
		    errno == EAGAIN)
			return;
		DL_DELETE(k->outgoing, o);
		free(o);
	}
}

static void let_go(struct asked *q)
{
	struct kubelet *k = q->agent->kubelet;

	if (!q->forgotten)
		HASH_DEL(k->asked, q);
	q->forgotten = true;
	if (!q->requests)
		asked_free(q);
}

void asked_send(struct asked *q, struct json_object *answer)
{
	json_set_int(answer, "serial", q->serial);
	send_text(q->agent->kubelet,
		  json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN));
	let_go(q);
}

void asked_answer(struct asked *q, unsigned status, const char *text)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();

	json_set_int(o, "status", status);
	json_set_string(o, "error", text);
	asked_send(q, o);
}

void asked_request(struct asked *q, const char *method, const char *path, struct json_object *body,
		   kube_done *done)
{
	struct kube_request request = {
		.method = method,
		.path = path,
		.body = body ? json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN) : NULL,
		.done = done,
		.ctx = q,
		.apart = body != NULL, /* a review is a question, though it is posted */
	};
	struct error err;

	if (kube_send(q->agent->kube, &request, &err) < 0)
		asked_answer(q, 503, err.text);
	else
		q->requests++;
}

bool asked_done(struct asked *q)
{
	q->requests--;
	if (!q->forgotten)
		return true;
	if (!q->requests)
		asked_free(q);
	return false;
}

/* -- questions -------------------------------------------------------------------------------- */

static void forget(struct kubelet *k, int64_t serial)
{
	struct asked *q;

	HASH_FIND(hh, k->asked, &serial, sizeof(serial), q);
	if (q)
		let_go(q);
}

static void begin(struct agent *a, struct json_object *question, const char *op)
{
	static const struct {
		const char *op;
		void (*answer)(struct asked *q);
	} ops[] = { { "output", answer_output },
		    { "ended", answer_ended },
		    { "enter", answer_enter },
		  { "exec", answer_exec } };
	struct kubelet *k = a->kubelet;
	struct asked *q = calloc(1, sizeof(*q));

	if (!q)
		return;
	q->serial = json_get_int(question, "serial", 0);
	q->agent = a;
	q->question = json_object_get(question);
	HASH_ADD(hh, k->asked, serial, sizeof(q->serial), q);
	if (!a->leader.leads || !a->listed) {
		asked_answer(q, 503,
			     "this agent doesn't lead, or is just starting; try again later");
		return;
	}
	if (HASH_COUNT(k->asked) > ASKED_MAX) {
		asked_answer(q, 503, "too many questions are open; try again later");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (strcmp(ops[i].op, op))
			continue;
		ops[i].answer(q);
		return;
	}
	asked_answer(q, 500, "unknown question");
}

/* Returns false if there was none. */
static bool take_question(struct agent *a)
{
	struct kubelet *k = a->kubelet;
	char buf[KUBELET_MESSAGE_MAX];
	_cleanup_json_ struct json_object *question = NULL;
	ssize_t n = recv(k->fd, buf, sizeof(buf), MSG_DONTWAIT);
	const char *op;

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		log_error("the process that serves kubectl logs has ended");
		a->stop = a->failed = true;
	}
	if (n <= 0 || !(question = json_parse(buf, n, NULL)))
		return n > 0;
	op = json_get_string(question, "op");
	if (op && !strcmp(op, "forget"))
		forget(k, json_get_int(question, "of", 0));
	else if (op && !strcmp(op, KUBELET_MEASURED))
		companion_measured(a, question);
	else
		begin(a, question, op ? op : "");
	return true;
}

int64_t kubelet_step(struct agent *a, bool readable)
{
	struct kubelet *k = a->kubelet;

	if (!k)
		return INT64_MAX;
	flush(k);
	for (int i = 0; readable && i < AT_ONCE; i++)
		readable = take_question(a);
	return k->outgoing ? clock_us() + AGAIN_US : INT64_MAX;
}

bool kubelet_measure(struct agent *a, const char *namespace, const char *name,
		     struct json_object *wanted)
{
	_cleanup_json_ struct json_object *o = NULL;

	if (!a->kubelet || json_object_deep_copy(wanted, &o, NULL) < 0)
		return false;
	json_object_object_del(o, "runs");
	json_set_bool(o, "measure", true);
	json_set_string(o, "namespace", namespace);
	json_set_string(o, "pod", name);
	send_text(a->kubelet, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
	return true;
}

void kubelet_set_minimum_uid(struct kubelet *k, uint32_t minimum_uid)
{
	char text[64];

	if (!k)
		return;
	snprintf(text, sizeof(text), "{\"minimumUid\":%u}", minimum_uid);
	send_text(k, text);
}

static bool is_about(const struct asked *q, const char *in, const char *name)
{
	const char *namespace = json_get_string(q->question, "namespace");
	const char *pod = json_get_string(q->question, "pod");

	return namespace && pod && !strcmp(namespace, in) && !strcmp(pod, name);
}

void kubelet_pod(struct agent *a, const char *namespace, const char *name)
{
	struct asked *q, *tmp;

	if (!a->kubelet)
		return;
	HASH_ITER(hh, a->kubelet->asked, q, tmp)
		if (q->waits && is_about(q, namespace, name))
			answer_ended(q);
}

void kubelet_taken(struct agent *a, const struct entry *e)
{
	if (!e->exists || e->ended || e->completed || e->failed)
		kubelet_pod(a, e->namespace, e->name);
}
