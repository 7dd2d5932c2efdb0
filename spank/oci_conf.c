/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/oci_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool slurm_has_oci_conf(void)
{
	const char *conf = getenv("SLURM_CONF");
	char path[4096];
	struct stat st;
	const char *slash = conf ? strrchr(conf, '/') : NULL;

	if (slash)
		snprintf(path, sizeof(path), "%.*s/oci.conf", (int)(slash - conf), conf);
	else
		snprintf(path, sizeof(path), "/etc/slurm/oci.conf");
	return stat(path, &st) == 0;
}
