/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/pod_path.h"

#include <stdio.h>
#include <string.h>

/* A DNS label or a uid: nothing that leads elsewhere. */
static bool is_plain(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n && !name[n] && n <= 253;
}

static int fits(int n, size_t size)
{
	return n >= 0 && (size_t)n < size ? 0 : -1;
}

int pod_folder(const char *workdir, const char *uid, char *dest, size_t size)
{
	if (!workdir || workdir[0] != '/' || !uid || !is_plain(uid))
		return -1;
	return fits(snprintf(dest, size, "%s/.slurm-kube/pods/%s", workdir, uid), size);
}

int pod_output_path(const char *workdir, const char *uid, const char *container, bool previous,
		    char *dest, size_t size)
{
	char folder[4096];

	if (!container || !is_plain(container) ||
	    pod_folder(workdir, uid, folder, sizeof(folder)) < 0)
		return -1;
	return fits(
		snprintf(dest, size, "%s/%s%s.log", folder, container, previous ? ".previous" : ""),
		size);
}
