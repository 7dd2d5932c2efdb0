/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/bundle_edit.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static char **find_env(struct bundle *b, const char *assignment)
{
	size_t n = strcspn(assignment, "=") + 1;

	for (size_t i = 0; i < b->env_count; i++)
		if (!strncmp(b->env[i], assignment, n))
			return &b->env[i];
	return NULL;
}

int bundle_add_env(struct bundle *b, const char *assignment, struct error *err)
{
	char **slot = find_env(b, assignment), **longer;
	char *copy = strdup(assignment);

	if (copy && slot) {
		free(*slot);
		*slot = copy;
		return 0;
	}
	longer = copy ? realloc(b->env, (b->env_count + 2) * sizeof(*longer)) : NULL;
	if (!longer) {
		free(copy);
		return error_set(err, ENOMEM, "out of memory");
	}
	b->env = longer;
	b->env[b->env_count++] = copy;
	b->env[b->env_count] = NULL;
	return 0;
}

int bundle_add_mount(struct bundle *b, const char *source, const char *destination,
		     const struct mount_options *options, struct error *err)
{
	struct bundle_mount m = {.options = *options}, *longer;

	if (destination[0] != '/' || strlen(destination) >= PATH_MAX ||
	    (source && (source[0] != '/' || strlen(source) >= PATH_MAX)))
		return error_set(err, EINVAL, "the path %.200s is not absolute, or too long",
				 destination[0] != '/' ? destination
				 : source	       ? source
						       : "");
	if (b->mount_count >= BUNDLE_MOUNTS_MAX)
		return error_set(err, E2BIG, "more than %d mounts", BUNDLE_MOUNTS_MAX);
	longer = realloc(b->mounts, (b->mount_count + 1) * sizeof(*longer));
	if (!longer)
		return error_set(err, ENOMEM, "out of memory");
	b->mounts = longer;
	m.destination = strdup(destination);
	m.source = source ? strdup(source) : NULL;
	if (!m.destination || (source && !m.source)) {
		free(m.destination);
		free(m.source);
		return error_set(err, ENOMEM, "out of memory");
	}
	b->mounts[b->mount_count++] = m;
	return 0;
}
