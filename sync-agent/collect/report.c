/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sync-agent/collect/collect.h"
#include "common/json.h"
#include "sync-agent/clock.h"
#include "sync-agent/mirror/text.h"
#include "sync-agent/results/collector.h"

#define EVERY_US 500000
#define TEXT_BYTES 1000

static void send_line(struct json_object *o)
{
	size_t len, sent = 0;
	const char *text = json_object_to_json_string_length(o, JSON_C_TO_STRING_PLAIN, &len);

	while (sent < len) {
		ssize_t n = send(COLLECTOR_FD, text + sent, len - sent, MSG_NOSIGNAL);

		if (n < 0)
			_exit(1); /* nobody wants it any more */
		sent += (size_t)n;
	}
	if (send(COLLECTOR_FD, "\n", 1, MSG_NOSIGNAL) < 0)
		_exit(1);
}

static void set_numbers(struct json_object *o, const struct collect *c)
{
	json_set_int(o, "files", (int64_t)c->files);
	json_set_int(o, "bytes", (int64_t)c->bytes);
	json_set_int(o, "totalBytes", (int64_t)c->items.bytes);
}

void report_progress(const struct collect *c)
{
	_cleanup_json_ struct json_object *o = NULL;
	static int64_t next;

	if (clock_us() < next)
		return;
	next = clock_us() + EVERY_US;
	o = json_object_new_object();
	set_numbers(o, c);
	send_line(o);
}

void report_done(const struct collect *c)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();

	json_set_bool(o, "done", true);
	set_numbers(o, c);
	json_object_object_add(o, "sha256", json_object_get(c->sums));
	json_object_object_add(o, "data", json_object_get(c->data));
	json_object_object_add(o, "binaryData", json_object_get(c->binary));
	send_line(o);
}

void report_error(const char *text)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();

	/* A path may be no UTF-8. */
	json_object_object_add(o, "error", text_json(text, TEXT_BYTES));
	send_line(o);
}

/* -- the time limit --------------------------------------------------------------------------- */

static void on_alarm(int number)
{
	static const char line[] =
		"\n{\"error\":\"it took longer than is allowed (results.timeout); does a file "
		"system or server hang?\"}\n";

	_exit(send(COLLECTOR_FD, line, sizeof(line) - 1, MSG_NOSIGNAL) < 0);
}

void report_timeout_after(unsigned seconds)
{
	signal(SIGALRM, on_alarm);
	alarm(seconds);
}
