/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/items.h"

#include <string.h>

uint32_t item_u32(spank_t sp, spank_item_t item, uint32_t fallback)
{
	uint32_t value = fallback;

	return spank_get_item(sp, item, &value) == ESPANK_SUCCESS ? value : fallback;
}

void job_variable(spank_t sp, const char *name, char *dest, size_t size)
{
	if (spank_getenv(sp, name, dest, (int)size) != ESPANK_SUCCESS)
		dest[0] = '\0';
}

char *job_variable_dup(spank_t sp, const char *name)
{
	char **env = NULL;
	size_t n = strlen(name);

	if (spank_get_item(sp, S_JOB_ENV, &env) != ESPANK_SUCCESS || !env)
		return NULL;
	for (; *env; env++)
		if (!strncmp(*env, name, n) && (*env)[n] == '=')
			return strdup(*env + n + 1);
	return NULL;
}
