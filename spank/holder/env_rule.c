/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/env_rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

/* A name that ends in '*' stands for all names that begin so. */
static const char *const kept[] = {
	"SLURM_*",
	"SLURMD_*",
	"SPANK_*",
	"PMI_*",
	"PMI2_*",
	"PMIX_*",
	"OMPI_*",
	"PALS_*",
	"CUDA_VISIBLE_DEVICES",
	"CUDA_MPS_*",
	"GPU_DEVICE_ORDINAL",
	"ROCR_VISIBLE_DEVICES",
	"ZE_AFFINITY_MASK",
	"HOME",
	"USER",
	"LOGNAME",
	"TMPDIR",
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

/* The next item of a list with commas, a backslash taking the meaning from one; copied to item,
 * which is as large as the list. Returns where the next one begins, or NULL at the end. */
static const char *next_item(const char *list, char *item)
{
	if (!list || !*list)
		return NULL;
	for (; *list && *list != ','; list++) {
		if (*list == '\\' && (list[1] == ',' || list[1] == '\\'))
			list++;
		*item++ = *list;
	}
	*item = '\0';
	return *list ? list + 1 : list;
}

/* Does the list name this variable, in whatever form? With a value, or without and the job has it:
 * then the image's isn't wanted. */
static bool overridden(const char *assignment, const char *options, char *item)
{
	size_t n = strcspn(assignment, "=");

	while ((options = next_item(options, item))) {
		size_t m = strcspn(item, "=");

		if (m == n && !memcmp(item, assignment, n) && (item[m] || getenv(item)))
			return true;
	}
	return false;
}

int env_rule_merge(char *const *image, const char *options, struct buffer *b, struct error *err)
{
	_cleanup_free_ char *item = malloc(options ? strlen(options) + 1 : 1);
	int rc = 0;

	if (!item)
		return error_set(err, ENOMEM, "out of memory");
	for (; image && *image && rc == 0; image++)
		if (env_rule_takes(*image) && !overridden(*image, options, item))
			rc = buffer_add(b, *image, strlen(*image) + 1);
	while (rc == 0 && (options = next_item(options, item)))
		if (item[0] && item[0] != '=' && strchr(item, '='))
			rc = buffer_add(b, item, strlen(item) + 1);
	if (rc < 0)
		return error_set(err, E2BIG,
				 "its environment is larger than %zu bytes, which is the limit",
				 b->max);
	return 0;
}
