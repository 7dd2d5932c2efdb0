/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kubelet/exec_request.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "sync-agent/kubelet/attach.h"
#include "sync-agent/kubelet/channels.h"
#include "sync-agent/kubelet/link.h"

#define START_MS 60000
#define STACK (256 << 10)
#define COMMAND_MAX 8192 /* bytes of all words */

struct exec_session {
	atomic_int users; /* the request, and the thread */
	struct channels channels;
	struct MHD_UpgradeResponseHandle *handle;
	char *extra; /* what the client has sent with its request */
	size_t extra_size;
};

/* -- the query -------------------------------------------------------------------------------- */

struct query {
	struct json_object *argv;
	size_t bytes;
	bool tty, in;
};

static bool is_yes(const char *value)
{
	return value && (!strcmp(value, "1") || !strcmp(value, "true"));
}

static enum MHD_Result on_argument(void *arg, enum MHD_ValueKind kind, const char *name,
				   const char *value)
{
	struct query *q = arg;

	if (!strcmp(name, "command") && value) {
		q->bytes += strlen(value);
		json_object_array_add(q->argv, json_object_new_string(value));
	}
	/* kubelet's names, and those of the API server. */
	q->in |= (!strcmp(name, "input") || !strcmp(name, "stdin")) && is_yes(value);
	q->tty |= !strcmp(name, "tty") && is_yes(value);
	return MHD_YES;
}

static const char *header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name) ?: "";
}

/* Sec-WebSocket-Protocol may be there several times. */
static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *name,
				 const char *value)
{
	const char **protocol = arg, *known;

	if (!strcasecmp(name, MHD_HTTP_HEADER_SEC_WEBSOCKET_PROTOCOL) &&
	    (known = channels_protocol(value)))
		*protocol = known;
	return MHD_YES;
}

/* instead: what to use where there is no WebSocket. */
static int check(struct MHD_Connection *c, const char **protocol, char accept[29],
		 const char *instead, struct error *err)
{
	const char *upgrade = header(c, MHD_HTTP_HEADER_UPGRADE);

	*protocol = NULL;
	MHD_get_connection_values(c, MHD_HEADER_KIND, on_header, protocol);
	if (strcasecmp(upgrade, "websocket"))
		return error_set(
			err, 400,
			"a Slurm job can be entered by WebSocket only, not by %.20s, which this "
			"kubectl or API server speaks; use: %s",
			upgrade[0] ? upgrade : "plain HTTP", instead);
	if (!*protocol)
		return error_set(err, 400,
				 "Sec-WebSocket-Protocol: v4.channel.k8s.io and v5.channel.k8s.io "
				 "are known");
	if (strcmp(header(c, MHD_HTTP_HEADER_SEC_WEBSOCKET_VERSION), "13") ||
	    channels_accept(header(c, MHD_HTTP_HEADER_SEC_WEBSOCKET_KEY), accept) < 0)
		return error_set(err, 400, "that is no WebSocket of version 13");
	return 0;
}

/* -- the command ------------------------------------------------------------------------------ */

/* s: NULL to ask only whether it could be started. */
static int start(struct exec_session *s, struct json_object *message, int client, struct error *err)
{
	_cleanup_(waiter_free) struct waiter w = { .wake = -1, .wd = -1 };
	_cleanup_(question_end) struct question q = { 0 };
	const char *text;
	int64_t status;

	json_set_bool(message, "probe", !s);
	if (waiter_init(&w) < 0 || question_ask(&q, &w, message) < 0 ||
	    question_wait(&q, client, START_MS) < 0)
		return error_set(err, 503, "the agent gives no answer");
	status = json_get_int(q.answer, "status", 500);
	text = json_get_string(q.answer, "error");
	if (status != 200 || (s && q.fds[1] < 0))
		return error_set(err, status == 200 ? 500 : (int)status, "%s",
				 text ? text : "no reason given");
	for (int i = 0; s && i < PASS_FDS_MAX; i++)
		s->channels.fds[i] = TAKE_FD(q.fds[i]);
	return 0;
}

static struct exec_session *session_new(int client, struct error *err)
{
	struct exec_session *s = calloc(1, sizeof(*s));

	if (!s) {
		error_set(err, 503, "not enough memory");
		return NULL;
	}
	for (int i = 0; i < PASS_FDS_MAX; i++)
		s->channels.fds[i] = -1;
	s->users = 1;
	s->channels.client = client;
	return s;
}

static struct json_object *message(char *const *names, const struct query *q)
{
	struct json_object *o = json_object_new_object();

	json_set_string(o, "op", "exec");
	json_set_string(o, "namespace", names[0]);
	json_set_string(o, "pod", names[1]);
	json_set_string(o, "container", names[2]);
	json_set_bool(o, "tty", q->tty);
	json_set_bool(o, "stdin", q->in);
	json_object_object_add(o, "argv", json_object_get(q->argv));
	return o;
}

struct exec_session *exec_begin(struct MHD_Connection *c, char *const *names, int client,
				const char **protocol, char accept[29], struct error *err)
{
	_cleanup_json_ struct json_object *argv = json_object_new_array(), *o = NULL;
	struct query q = { .argv = argv };
	struct exec_session *s;
	struct error other;

	MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, on_argument, &q);
	if (q.bytes > COMMAND_MAX) {
		error_set(err, 400, "the command has more than %d bytes", COMMAND_MAX);
		return NULL;
	}
	o = message(names, &q);
	if (check(c, protocol, accept, "kubectl slurm exec, or srun --overlap --jobid=JOB",
		  &other) < 0) {
		/* A newer kubectl comes in this way after a refusal: the reason of that is to be
		 * shown. */
		if (start(NULL, o, client, err) == 0)
			*err = other;
		return NULL;
	}
	s = session_new(client, err);
	if (!s)
		return NULL;
	s->channels.tty = q.tty;
	if (start(s, o, client, err) == 0)
		return s;
	exec_free(s);
	return NULL;
}

/* -- attach ----------------------------------------------------------------------------------- */

struct exec_session *attach_begin(struct MHD_Connection *c, char *const *names, int client,
				  atomic_uint *room, const char **protocol, char accept[29],
				  struct error *err)
{
	_cleanup_json_ struct json_object *argv = json_object_new_array();
	struct exec_session *s = session_new(client, err);
	struct query q = { .argv = argv };

	MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, on_argument, &q);
	if (!s || q.in) {
		atomic_fetch_sub(room, 1);
		if (s)
			error_set(err, 400,
				  "a batch script reads no terminal, so that attach takes no -i; to "
				  "run a command beside it use kubectl exec -i");
		exec_free(s);
		return NULL;
	}
	/* First, for its reason is worth more than that of a kubectl that tries again. */
	if (attach_start(names, room, s->channels.fds, err) == 0 &&
	    check(c, protocol, accept, "kubectl logs -f --tail=0", err) == 0)
		return s;
	exec_free(s);
	return NULL;
}

/* -- afterwards ------------------------------------------------------------------------------- */

void exec_free(struct exec_session *s)
{
	if (!s || atomic_fetch_sub(&s->users, 1) > 1)
		return;
	for (int i = 0; i < PASS_FDS_MAX; i++)
		closep(&s->channels.fds[i]);
	free(s->extra);
	free(s);
}

static void *run(void *arg)
{
	struct exec_session *s = arg;

	channels_run(&s->channels, s->extra, s->extra_size);
	MHD_upgrade_action(s->handle, MHD_UPGRADE_ACTION_CLOSE);
	exec_free(s);
	return NULL;
}

void exec_upgraded(void *session, struct MHD_Connection *c, void *context, const char *extra,
		   size_t extra_size, MHD_socket socket, struct MHD_UpgradeResponseHandle *handle)
{
	struct exec_session *s = session;
	pthread_attr_t attributes;
	pthread_t thread;
	int rc;

	s->users++;
	s->handle = handle;
	s->channels.socket = socket;
	if (extra_size && (s->extra = malloc(extra_size))) {
		memcpy(s->extra, extra, extra_size);
		s->extra_size = extra_size;
	}
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	rc = pthread_create(&thread, &attributes, run, s);
	pthread_attr_destroy(&attributes);
	if (rc == 0)
		return;
	MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
	exec_free(s);
}
