/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/command_line.h"

#include <getopt.h>
#include <stdio.h>

static void usage(FILE *to)
{
	fprintf(to, "Usage: slurm-kube-agent [OPTION...]\n"
		    "Mirror Slurm's jobs into Kubernetes as SlurmJob objects, and apply edits of them.\n"
		    "\n"
		    "  -c, --config=FILE   configuration [" DEFAULT_CONFIG "]\n"
		    "      --check-config  print and check the configuration, and end\n"
		    "      --once          bring all objects and jobs in line, and end\n"
		    "      --dry-run       print what would be written and done; change nothing\n"
		    "  -V, --version       print the version and end\n"
		    "  -h, --help          print this and end\n"
		    "\n"
		    "See slurm-kube-agent(8).\n");
}

int command_line_parse(int argc, char **argv, struct options *ret)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check-config", no_argument, NULL, 'k' },
		{ "once", no_argument, NULL, 'o' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:Vh", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			ret->config = optarg;
			break;
		case 'k':
			ret->check_only = true;
			break;
		case 'o':
			ret->once = true;
			break;
		case 'n':
			ret->dry_run = true;
			break;
		case 'V':
			puts("slurm-kube-agent " PACKAGE_VERSION);
			return 1;
		case 'h':
			usage(stdout);
			return 1;
		default:
			usage(stderr);
			return 3;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "slurm-kube-agent: what is '%s'?\n", argv[optind]);
		usage(stderr);
		return 3;
	}
	return 0;
}
