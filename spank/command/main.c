/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurm-kube-command: in a container, under the names of Slurm's commands, it runs the host's (see
 * spank/holder/slurm_commands.h). With the host's loader and libraries: the image may have others,
 * or none. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "spank/holder/slurm_commands.h"

/* The folder of the host's libraries is the one in which its loader is. */
static int library_folder(char *dest, size_t size)
{
	ssize_t n = readlink(SLURM_COMMANDS_LOADER, dest, size - 1);
	char *slash;

	if (n < 0)
		return -1;
	dest[n] = '\0';
	slash = strrchr(dest, '/');
	if (slash)
		*slash = '\0';
	return 0;
}

int main(int argc, char *argv[])
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "";
	_cleanup_free_ char **words = calloc(argc + 8, sizeof(*words));
	char program[PATH_MAX], libraries[PATH_MAX];
	size_t n = 0;

	if (!words || library_folder(libraries, sizeof(libraries)) < 0 ||
	    snprintf(program, sizeof(program), SLURM_COMMANDS_USR "/bin/%s", name) >=
		    (int)sizeof(program)) {
		fprintf(stderr,
			"slurm-kube: %s: it runs in containers that were started with "
			"--container-slurm\n",
			name);
		return 127;
	}
	words[n++] = (char *)SLURM_COMMANDS_LOADER;
	words[n++] = (char *)"--inhibit-cache";
	words[n++] = (char *)"--library-path";
	words[n++] = libraries;
	words[n++] = (char *)"--argv0";
	words[n++] = (char *)name;
	words[n++] = program;
	for (int i = 1; i < argc; i++)
		words[n++] = argv[i];
	execv(words[0], words);
	fprintf(stderr, "slurm-kube: %s: %s\n", program, strerror(errno));
	return errno == ENOENT ? 127 : 126;
}
