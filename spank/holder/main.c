/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurm-kube-holder: makes a step's container on a node, as the user, and holds it until the tasks
 * are in it. Started by spank_kube.so in the step's first task; see protocol.h. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spank/holder/container.h"
#include "spank/holder/lifetime.h"
#include "spank/holder/report.h"

int main(int argc, char *argv[])
{
	_cleanup_(container_free) struct container c = CONTAINER_INIT;
	struct report report = {0};
	struct error err = {0};
	int registrations;

	if (argc < 2) {
		fputs("slurm-kube-holder is started by Slurm's plugin spank_kube.so, not by "
		      "hand.\n",
		      stderr);
		return 2;
	}
	umask(022);
	if (request_parse(argc, argv, &c.request, &err) < 0) {
		report_error(&err);
		return 1;
	}
	registrations = lifetime_open();
	if (registrations < 0) {
		error_errno(&err, "pipe");
		report_error(&err);
		return 1;
	}
	if (container_make(&c, &err) < 0) {
		report_error(&err);
		return 1;
	}
	report.keeper = c.keeper.pid;
	if (oci_report(&c.oci, &report.oci, &err) < 0 ||
	    report_ready(&c.request, c.bundle, &report, &err) < 0) {
		keeper_abandon(&c.keeper);
		report_error(&err);
		return 1;
	}
	keeper_go(&c.keeper);
	lifetime_wait(registrations, c.request.tasks, c.request.count);
	return 0;
}
