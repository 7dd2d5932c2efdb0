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
#include "spank/holder/root.h"

struct arguments {
	const char *image;
	const char *spool;
	pid_t *tasks;
	size_t count;
};

static int parse_arguments(int argc, char *argv[], struct arguments *a)
{
	a->tasks = calloc(argc, sizeof(*a->tasks));
	if (!a->tasks)
		return -1;
	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "--image=", 8))
			a->image = argv[i] + 8;
		else if (!strncmp(argv[i], "--spool=", 8))
			a->spool = argv[i] + 8;
		else if (argv[i][0] != '-')
			a->tasks[a->count++] = atoi(argv[i]);
		else
			return -1;
	}
	return a->image ? 0 : -1;
}

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

static int make_container(const struct arguments *a, struct bundle **ret, struct error *err)
{
	if (bundle_open(a->image, ret, err) < 0 || namespace_enter(err) < 0)
		return -1;
	return root_build(*ret, a->spool, err);
}

int main(int argc, char *argv[])
{
	_cleanup_(bundle_freep) struct bundle *bundle = NULL;
	struct arguments a = { 0 };
	struct error err = { 0 };
	int registrations;

	if (parse_arguments(argc, argv, &a) < 0) {
		fputs("slurm-kube-holder is started by Slurm's plugin spank_kube.so, not by hand.\n",
		      stderr);
		return 2;
	}
	umask(022);
	registrations = lifetime_open();
	if (registrations < 0) {
		error_errno(&err, "pipe");
		report_error(&err);
		return 1;
	}
	if (make_container(&a, &bundle, &err) < 0 || report_ready(bundle, &err) < 0) {
		report_error(&err);
		return 1;
	}
	lifetime_wait(registrations, a.tasks, a.count);
	return 0;
}
