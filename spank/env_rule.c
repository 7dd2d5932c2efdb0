/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/env_rule.h"

#include <string.h>

#include "common/cleanup.h"

/* A name that ends in '*' stands for all names that begin so. */
static const char *const kept[] = {
	"SLURM_*", "SLURMD_*", "SPANK_*", "PMI_*", "PMI2_*", "PMIX_*", "OMPI_*", "PALS_*",
	"CUDA_VISIBLE_DEVICES", "CUDA_MPS_*", "GPU_DEVICE_ORDINAL", "ROCR_VISIBLE_DEVICES",
	"ZE_AFFINITY_MASK", "HOME", "USER", "LOGNAME", "TMPDIR",
};

static bool matches(const char *pattern, const char *name, size_t n)
{
	size_t p = strlen(pattern);

	if (p && pattern[p - 1] == '*')
		return n >= p - 1 && !memcmp(pattern, name, p - 1);
	return n == p && !memcmp(pattern, name, n);
}

bool env_rule_takes(const char *assignment)
{
	size_t n = strcspn(assignment, "=");

	if (n == 0 || assignment[n] != '=')
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (matches(kept[i], assignment, n))
			return false;
	return true;
}

const char *env_rule_split(const char *assignment, char *name, size_t size)
{
	size_t n = strcspn(assignment, "=");

	if (assignment[n] != '=' || n >= size)
		return NULL;
	memcpy(name, assignment, n);
	name[n] = '\0';
	return assignment + n + 1;
}
