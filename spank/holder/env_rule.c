/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank/holder/env_rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"

enum whose {
	STEPS,	    /* never the image's */
	JOBS_FIRST, /* the image's only where the job has none */
	IMAGES,
};

/* The first row that matches counts; what no row matches is the image's. A name that ends in '*'
 * stands for all names that begin so. */
static const struct {
	const char *name;
	enum whose whose;
} rows[] = {
	/* How an MPI library, and what it uses, is tuned. The site's modules and the user know the
	 * network and the job; images often have defaults for a single machine (UCX_TLS=tcp,
	 * OMPI_MCA_btl_vader_single_copy_mechanism=none), but they are better than nothing. */
	{ "OMPI_MCA_*", JOBS_FIRST },
	{ "PRTE_MCA_*", JOBS_FIRST },
	{ "PMIX_MCA_*", JOBS_FIRST },
	{ "MPICH_*", JOBS_FIRST },
	{ "MPIR_CVAR_*", JOBS_FIRST },
	{ "MV2_*", JOBS_FIRST },
	{ "I_MPI_ROOT", IMAGES }, /* where the image has Intel MPI, not the host */
	{ "I_MPI_*", JOBS_FIRST },
	{ "UCX_MODULE_DIR", IMAGES }, /* the same, of UCX's parts */
	{ "UCX_*", JOBS_FIRST },
	{ "UCC_*", JOBS_FIRST },
	{ "FI_PROVIDER_PATH", IMAGES }, /* and of libfabric's */
	{ "FI_*", JOBS_FIRST },
	{ "PSM2_*", JOBS_FIRST },
	{ "PSM3_*", JOBS_FIRST },
	{ "NCCL_*", JOBS_FIRST },
	{ "RCCL_*", JOBS_FIRST },
	/* Which task of which step it is, and where its PMI server is. */
	{ "SLURM_*", STEPS },
	{ "SLURMD_*", STEPS },
	{ "SPANK_*", STEPS },
	{ "PMI_*", STEPS },
	{ "PMI2_*", STEPS },
	{ "PMIX_*", STEPS },
	{ "OMPI_*", STEPS },
	{ "PALS_*", STEPS },
	/* What of the node's devices and networks Slurm has given to the step. */
	{ "SLINGSHOT_*", STEPS },
	{ "CUDA_VISIBLE_DEVICES", STEPS },
	{ "CUDA_MPS_*", STEPS },
	{ "GPU_DEVICE_ORDINAL", STEPS },
	{ "ROCR_VISIBLE_DEVICES", STEPS },
	{ "ZE_AFFINITY_MASK", STEPS },
	/* The person. */
	{ "HOME", STEPS },
	{ "USER", STEPS },
	{ "LOGNAME", STEPS },
	{ "TMPDIR", STEPS },
};

static bool matches(const char *pattern, const char *name, size_t n)
{
	size_t p = strlen(pattern);

	if (p && pattern[p - 1] == '*')
		return n >= p - 1 && !memcmp(pattern, name, p - 1);
	return n == p && !memcmp(pattern, name, n);
}

static enum whose find_whose(const char *name, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (matches(rows[i].name, name, n))
			return rows[i].whose;
	return IMAGES;
}

static bool job_has(const char *name, size_t n)
{
	for (char **e = environ; e && *e; e++)
		if (!strncmp(*e, name, n) && (*e)[n] == '=')
			return true;
	return false;
}

bool env_rule_takes(const char *assignment)
{
	size_t n = strcspn(assignment, "=");

	if (n == 0 || assignment[n] != '=')
		return false;
	switch (find_whose(assignment, n)) {
	case STEPS:
		return false;
	case JOBS_FIRST:
		return !job_has(assignment, n);
	default:
		return true;
	}
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
