/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/inherit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLE "SLURM_CONTAINER"

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

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
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

int inherit_after_options(bool is_srun, struct error *err)
{
	const char *now = getenv(VARIABLE);

	if (!now && is_srun)
		now = before;
	if (components++ == 0) {
		chosen = copy(now);
	} else if (is_srun && !same(now, chosen)) {
		return error_set(err, ENOTSUP,
				 "the components of one srun can't run in different containers "
				 "('%s' and '%s'): start them with an srun each",
				 chosen ? chosen : "none", now ? now : "none");
	}
	/* srun: clean for the next component's options, set again in inherit_before_step(). */
	set(is_srun ? NULL : chosen);
	return 0;
}

void inherit_before_step(void)
{
	set(chosen);
}
