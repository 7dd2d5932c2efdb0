/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/multi_prog.h"

#include <stddef.h>
#include <string.h>

bool multi_prog_is(int argc, char *const argv[])
{
	const char *line = argc >= 2 ? argv[1] : NULL;
	size_t programs = 0;

	if (!line || !strchr(line, '\n'))
		return false;
	for (; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t n;

		line += strspn(line, " \t");
		if (*line == '\n' || *line == '\0' || *line == '#')
			continue;
		n = strspn(line, "0123456789,-*:");
		if (n == 0 || (line[n] != ' ' && line[n] != '\t'))
			return false;
		programs++;
	}
	return programs > 0;
}
