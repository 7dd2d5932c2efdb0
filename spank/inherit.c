/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/inherit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"

#define VARIABLE "SLURM_CONTAINER"
#define CMDLINE_MAX (4 * 1024 * 1024)

/* A client process reads its options once, so there is one of each. */
static char *before; /* what was set before the options were read; NULL if nothing */
static char *chosen; /* what the first component's options and the rule made of it */
static int components;

static void set(const char *value)
{
	if (value)
		setenv(VARIABLE, value, 1);
	else
		unsetenv(VARIABLE);
}

static char *copy(const char *value)
{
	return value ? strdup(value) : NULL;
}

void inherit_before_options(void)
{
	free(before);
	free(chosen);
	before = copy(getenv(VARIABLE));
	chosen = NULL;
	components = 0;
	unsetenv(VARIABLE);
}

/* The option may be shortened as long as it is not --contiguous or --constraint. */
static const char *option_value(const char *argument, const char *next)
{
	static const char option[] = "--container";
	size_t n = strcspn(argument, "=");

	if (n < strlen("--conta") || n >= sizeof(option) || strncmp(argument, option, n))
		return NULL;
	return argument[n] ? argument + n + 1 : next;
}

const char *inherit_other_container(const char *cmdline, size_t len, const char *wanted)
{
	const char *end = cmdline + len;
	bool later = false;

	for (const char *p = cmdline; p < end; p += strlen(p) + 1) {
		const char *next = p + strlen(p) + 1;
		const char *value = option_value(p, next < end ? next : "");

		if (!strcmp(p, ":"))
			later = true;
		if (later && value && (!wanted || strcmp(value, wanted)))
			return value;
	}
	return NULL;
}

/* From the second component on, all that can be seen of its option is the command line: the
 * variable is set by now, so Slurm leaves it alone. */
static int check_component(struct error *err)
{
	_cleanup_free_ char *cmdline = NULL;
	const char *now = getenv(VARIABLE), *other = NULL;
	size_t len = 0;

	if (now && !chosen)
		other = now;
	else if (now && buffer_read_file("/proc/self/cmdline", CMDLINE_MAX, &cmdline, &len, err) == 0)
		other = inherit_other_container(cmdline, len, chosen);
	if (other)
		return error_set(err, ENOTSUP,
				 "the components of one srun can't run in different containers "
				 "(%s and %s): start them with an srun each",
				 chosen ? chosen : "none", other);
	return 0;
}

int inherit_after_options(bool is_srun, struct error *err)
{
	if (components++ == 0) {
		if (is_srun && !getenv(VARIABLE))
			set(before);
		chosen = copy(getenv(VARIABLE));
		return 0;
	}
	if (is_srun)
		return check_component(err);
	set(chosen);
	return 0;
}
