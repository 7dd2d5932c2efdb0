/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What --container-name takes: "NAME[:FLAG...]". NAME is 1 to 64 of A-Z a-z 0-9 _ . - and doesn't
 * begin with a '.' or '-': it is the name of a folder. FLAG is one of create, exec, auto and
 * no_exec, and global. */
#ifndef COMMON_CONTAINER_NAME_H
#define COMMON_CONTAINER_NAME_H

#include <stdbool.h>

#include "common/error.h"

enum container_name_mode {
	CONTAINER_NAME_AUTO, /* join it if it runs on the node, else start it again if it is there,
			      * else create it */
	CONTAINER_NAME_CREATE,	/* it must not be there yet */
	CONTAINER_NAME_EXEC,	/* join it; it has to run */
	CONTAINER_NAME_NO_EXEC, /* as auto, but never join: an error if it runs */
};

struct container_name {
	char name[65];
	enum container_name_mode mode;
	bool global; /* outlives the job: other jobs of the user may use it */
};

/* Returns 0, or -1 with err filled (a bad character, an unknown flag, two modes). */
int container_name_parse(const char *text, struct container_name *ret, struct error *err);

/* The text for steps that inherit the name from their job: the mode was meant for the job's first
 * step, the others join. dest: at least CONTAINER_NAME_TEXT_MAX bytes. */
#define CONTAINER_NAME_TEXT_MAX 80
void container_name_format_inherited(const struct container_name *name, char *dest);

#endif
