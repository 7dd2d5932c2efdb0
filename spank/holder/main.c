/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurm-kube-holder: makes a step's container on a node, as the user, and holds it until the tasks
 * are in it. Started by spank_kube.so in the step's first task; see protocol.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spank/holder/bundle.h"
#include "spank/holder/devices.h"
#include "spank/holder/lifetime.h"
#include "spank/holder/namespace.h"
#include "spank/holder/report.h"
#include "spank/holder/request.h"
#include "spank/holder/root.h"

static int make_container(const struct request *r, struct bundle **ret, struct error *err)
{
	if (bundle_open(r->image, ret, err) < 0 || devices_apply(r, *ret, err) < 0 ||
	    namespace_enter(err) < 0)
		return -1;
	return root_build(*ret, r->spool, err);
}

int main(int argc, char *argv[])
{
	_cleanup_(bundle_freep) struct bundle *bundle = NULL;
	_cleanup_(request_free) struct request request = { 0 };
	struct report report = { 0 };
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
	if (make_container(&request, &bundle, &err) < 0 || report_ready(&request, bundle, &report, &err) < 0) {
		report_error(&err);
		return 1;
	}
	lifetime_wait(registrations, request.tasks, request.count);
	return 0;
}
