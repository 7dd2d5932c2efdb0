/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurm-kube-holder: makes a step's container on a node, as the user, and holds it until the tasks
 * are in it. Started by spank_kube.so in the step's first task; see protocol.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buffer.h"
#include "spank/holder/bundle.h"
#include "spank/holder/lifetime.h"
#include "spank/holder/namespace.h"
#include "spank/holder/protocol.h"
#include "spank/holder/request.h"
#include "spank/holder/root.h"

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

static void report_error(const struct error *err)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(HOLDER_REPORT_MAX);

	if (add_string(&b, HOLDER_ERROR) == 0 && add_string(&b, err->text) == 0)
		send_report(&b);
}

static int report_ready(const struct bundle *bundle, struct error *err)
{
	_cleanup_buffer_ struct buffer b = BUFFER_INIT(HOLDER_REPORT_MAX);
	char flags[2] = { bundle->no_new_privs ? HOLDER_FLAG_NO_NEW_PRIVS : '\0', '\0' };
	int rc = add_string(&b, HOLDER_READY) | add_string(&b, bundle->cwd) | add_string(&b, flags);

	for (size_t i = 0; rc == 0 && i < bundle->env_count; i++)
		rc = add_string(&b, bundle->env[i]);
	if (rc < 0)
		return error_set(err, E2BIG, "its environment is larger than %d bytes, which is the limit",
				 HOLDER_REPORT_MAX);
	send_report(&b);
	return 0;
}

static int make_container(const struct request *r, struct bundle **ret, struct error *err)
{
	if (bundle_open(r->image, ret, err) < 0 || namespace_enter(err) < 0)
		return -1;
	return root_build(*ret, r->spool, err);
}

int main(int argc, char *argv[])
{
	_cleanup_(bundle_freep) struct bundle *bundle = NULL;
	_cleanup_(request_free) struct request request = { 0 };
	struct error err = { 0 };
	int registrations;

	if (argc < 2) {
		fputs("slurm-kube-holder is started by Slurm's plugin spank_kube.so, not by hand.\n",
		      stderr);
		return 2;
	}
	umask(022);
	if (request_parse(argc, argv, &request, &err) < 0) {
		report_error(&err);
		return 1;
	}
	registrations = lifetime_open();
	if (registrations < 0) {
		error_errno(&err, "pipe");
		report_error(&err);
		return 1;
	}
	if (make_container(&request, &bundle, &err) < 0 || report_ready(bundle, &err) < 0) {
		report_error(&err);
		return 1;
	}
	lifetime_wait(registrations, request.tasks, request.count);
	return 0;
}
