/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurm-kube-agent's options. */
#ifndef AGENT_COMMAND_LINE_H
#define AGENT_COMMAND_LINE_H

#include <stdbool.h>

#define DEFAULT_CONFIG SLURM_KUBE_SYSCONFDIR "/slurm-kube/agent.yaml"

struct options {
	const char *config; /* of argv */
	bool check_only, once, dry_run;
};

/* Read them; --help and --version are answered here. Returns 0 to go on, else the exit status plus one. */
int command_line_parse(int argc, char **argv, struct options *ret);

#endif
