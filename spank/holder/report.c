/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/report.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/buffer.h"
#include "spank/holder/env_rule.h"
#include "spank/holder/protocol.h"

static void send_report(const struct buffer *b)
{
	size_t sent = 0;

	while (sent < b->used) {
		ssize_t n = write(HOLDER_REPORT_FD, b->data + sent, b->used - sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		sent += n;
	}
	close(HOLDER_REPORT_FD);
}

static int add_string(struct buffer *b, const char *text)
{
	return buffer_add(b, text, strlen(text) + 1);
}

/* A number, or a text; nothing if there is none. */
static int add_number(struct buffer *b, const char *key, pid_t value)
{
	if (!value)
		return 0;
	if (buffer_printf(b, "%s=%d", key, (int)value) < 0)
		return -1;
	return buffer_add(b, "", 1);
}

static int add_text(struct buffer *b, const char *key, const char *value)
{
	if (!value[0])
		return 0;
	if (buffer_printf(b, "%s=%s", key, value) < 0)
		return -1;
	return buffer_add(b, "", 1);
}

void report_error(const struct error *err)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(HOLDER_REPORT_MAX);

	if (add_string(&b, HOLDER_ERROR) == 0 && add_string(&b, err->text) == 0)
		send_report(&b);
}

int report_ready(const struct request *r, const struct bundle *bundle, const struct report *report,
		 struct error *err)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(HOLDER_REPORT_MAX);
	char flags[2] = {bundle->no_new_privs ? HOLDER_FLAG_NO_NEW_PRIVS : '\0', '\0'};

	if (add_string(&b, HOLDER_READY) < 0 ||
	    add_text(&b, "cwd", report->oci.no_cwd ? "" : bundle->cwd) < 0 ||
	    add_text(&b, "digest", bundle->digest) < 0 ||
	    add_text(&b, "enter", report->oci.enter) < 0 || add_text(&b, "flags", flags) < 0 ||
	    add_number(&b, "pid", report->pid) < 0 ||
	    add_number(&b, "keeper", report->keeper) < 0 || add_string(&b, "") < 0)
		return error_set(err, ENOMEM, "out of memory");
	if (env_rule_merge(bundle->env, r->options.value[CONTAINER_ENV], &b, err) < 0)
		return -1;
	for (char **e = report->oci.env; *e; e++)
		if (add_string(&b, *e) < 0)
			return error_set(err, E2BIG, "its environment is too large");
	send_report(&b);
	return 0;
}
