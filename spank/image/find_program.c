/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "spank/image/image.h"

int image_find_program(const char *name, char path[PATH_MAX])
{
	const char *folders[] = {getenv("PATH"), "/usr/local/bin:/usr/bin:/bin"};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		for (const char *p = folders[i]; p && *p; p += strcspn(p, ":"), p += *p == ':') {
			int n = (int)strcspn(p, ":");

			if (p[0] == '/' &&
			    snprintf(path, PATH_MAX, "%.*s/%s", n, p, name) < PATH_MAX &&
			    access(path, X_OK) == 0)
				return 0;
		}
	}
	return -1;
}
