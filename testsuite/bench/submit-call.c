/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Call job_submit() of the plugin given, outside slurmctld, with a job as sbatch sends it, and print the median of the
 * processor time that a call takes, in microseconds: that long slurmctld holds its locks for it. The doorbell is that
 * of kube.conf beside $SLURM_CONF. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/slurm_compat.h"

#define CALLS 20000
#define VARIABLES 70

void slurm_error(const char *format, ...);

/* What slurmctld has for its plugins. */
void slurm_error(const char *format, ...)
{
	fprintf(stderr, "%s\n", format);
}

void *slurm_xrecalloc(void **item, size_t count, size_t size, bool clear, bool may_fail,
		      const char *file, int line, const char *function)
{
	*item = realloc(*item, count * size);
	return *item;
}

void slurm_xfree(void **item)
{
	free(*item);
	*item = NULL;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	int (*init)(void), (*job_submit)(job_desc_msg_t *desc, uint32_t uid, char **err_msg);
	static char *environment[VARIABLES + 1];
	static double took[CALLS];
	job_desc_msg_t desc;
	void *plugin = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;

	if (!plugin) {
		fprintf(stderr, "submit-call: %s\n", argc == 2 ? dlerror() : "Usage: submit-call PLUGIN");
		return 2;
	}
	init = (int (*)(void))dlsym(plugin, "init");
	job_submit = (int (*)(job_desc_msg_t *, uint32_t, char **))dlsym(plugin, "job_submit");
	memset(&desc, 0, sizeof(desc));
	for (desc.env_size = 0; desc.env_size < VARIABLES; desc.env_size++)
		if (asprintf(&environment[desc.env_size], "SLURM_VARIABLE_%u=a value of common length",
			     desc.env_size) < 0)
			return 1;
	desc.environment = environment;
	init();
	for (int i = 0; i < CALLS; i++) {
		double began = now();

		job_submit(&desc, 1000, NULL);
		took[i] = now() - began;
	}
	qsort(took, CALLS, sizeof(took[0]), compare);
	printf("%.1f\n", took[CALLS / 2]);
	return 0;
}
