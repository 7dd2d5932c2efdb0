/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kube-container steps: the containers that run on this node. */
#include <stdio.h>

#include "common/cleanup.h"
#include "spank/tool/processes.h"
#include "spank/tool/tool.h"

static int run_steps(struct tool *t, int argc, char *argv[], struct error *err)
{
	_cleanup_(container_processes_free) struct container_processes p = {0};

	if (container_processes_find(&p, err) < 0)
		return -1;
	printf("%-16s %-12s %-8s %-16s %s\n", "STEP", "NAMESPACE", "PID", "COMMAND", "IMAGE");
	for (size_t i = 0; i < p.count; i++)
		printf("%-16s %-12lu %-8d %-16s %s\n", p.items[i].step,
		       (unsigned long)p.items[i].mount_ns, (int)p.items[i].pid, p.items[i].command,
		       p.items[i].image);
	return 0;
}

const struct command command_steps = {
	.name = "steps",
	.arguments = "",
	.summary = "list your processes in containers on this node",
	.help = "One line for each process. Those of one container have the same NAMESPACE, the "
		"number of its\n"
		"mount namespace: `nsenter --user --mount --preserve-credentials --target PID` "
		"shows what they see.\n",
	.run = run_steps,
};
