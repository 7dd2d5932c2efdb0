/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kubelet/exec_request.h"

#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "sync-agent/kubelet/attach.h"
#include "sync-agent/kubelet/link.h"

#define START_MS 60000
#define COMMAND_MAX 8192 /* bytes of all words */

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
static int check(struct MHD_Connection *c, struct channels *channels, const char *instead,
		 struct error *err)
{
	const char *upgrade = header(c, MHD_HTTP_HEADER_UPGRADE);

	MHD_get_connection_values(c, MHD_HEADER_KIND, on_header, &channels->protocol);
	if (strcasecmp(upgrade, "websocket"))
		return error_set(
			err, 400,
			"a Slurm job can be entered by WebSocket only, not by %.20s, which this "
			"kubectl or API server speaks; use: %s",
			upgrade[0] ? upgrade : "plain HTTP", instead);
	if (!channels->protocol)
		return error_set(err, 400,
				 "Sec-WebSocket-Protocol: v4.channel.k8s.io and v5.channel.k8s.io "
				 "are known");
	if (strcmp(header(c, MHD_HTTP_HEADER_SEC_WEBSOCKET_VERSION), "13") ||
	    channels_accept(header(c, MHD_HTTP_HEADER_SEC_WEBSOCKET_KEY), channels->accept) < 0)
		return error_set(err, 400, "that is no WebSocket of version 13");
	return 0;
}

/* -- the command ------------------------------------------------------------------------------ */

/* c: NULL to ask only whether it could be started. */
static int start(struct channels *c, struct json_object *message, int client, struct error *err)
{
	_cleanup_(waiter_free) struct waiter w = { .wake = -1, .wd = -1 };
	_cleanup_(question_end) struct question q = { 0 };
	const char *text;
	int64_t status;

	json_set_bool(message, "probe", !c);
	if (waiter_init(&w) < 0 || question_ask(&q, &w, message) < 0 ||
	    question_wait(&q, client, START_MS) < 0)
		return error_set(err, 503, "the agent gives no answer");
	status = json_get_int(q.answer, "status", 500);
	text = json_get_string(q.answer, "error");
	if (status != 200 || (c && q.fds[1] < 0))
		return error_set(err, status == 200 ? 500 : (int)status, "%s",
				 text ? text : "no reason given");
	for (int i = 0; c && i < PASS_FDS_MAX; i++)
		c->fds[i] = TAKE_FD(q.fds[i]);
	return 0;
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

int exec_begin(struct MHD_Connection *c, char *const *names, int client, struct channels *ret,
	       struct error *err)
{
	_cleanup_json_ struct json_object *argv = json_object_new_array(), *o = NULL;
	struct query q = { .argv = argv };
	struct error other;

	*ret = CHANNELS_INIT;
	MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, on_argument, &q);
	if (q.bytes > COMMAND_MAX)
		return error_set(err, 400, "the command has more than %d bytes", COMMAND_MAX);
	o = message(names, &q);
	ret->tty = q.tty;
	if (check(c, ret, "kubectl slurm exec, or srun --overlap --jobid=JOB", &other) == 0)
		return start(ret, o, client, err);
	/* A newer kubectl comes in this way after a refusal: the reason of that is to be shown. */
	if (start(NULL, o, client, err) == 0)
		*err = other;
	return -1;
}

int attach_begin(struct MHD_Connection *c, char *const *names, atomic_uint *room,
		 struct channels *ret, struct error *err)
{
	_cleanup_json_ struct json_object *argv = json_object_new_array();
	struct query q = { .argv = argv };

	*ret = CHANNELS_INIT;
	MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, on_argument, &q);
	if (q.in) {
		atomic_fetch_sub(room, 1);
		return error_set(err, 400,
				 "a batch script reads no terminal, so that attach takes no -i; to "
				 "run a command beside it use kubectl exec -i");
	}
	/* First, for its reason is worth more than that of a kubectl that tries again. */
	if (attach_start(names, room, ret->fds, err) == 0 &&
	    check(c, ret, "kubectl logs -f --tail=0", err) == 0)
		return 0;
	channels_close(ret);
	return -1;
}
